import type { Engine } from '@nats/graph';
import { type CaseResult, conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { onnxruntimeWebEngine } from '../../src/onnxruntime-web/index.js';
import { tfjsEngine } from '../../src/tfjs/index.js';
import { losses } from '../tiny-training.js';

/** What a page says about an engine. */
export interface PageReport {
  readonly fingerprint: Engine['fingerprint'];
  readonly results: readonly CaseResult[];
  readonly contract: Readonly<Record<string, readonly string[]>>;
  readonly losses: readonly number[];
}

export interface PageOptions {
  readonly threads?: number;
  /** Only cases with names that contain it. */
  readonly only?: string;
  readonly steps: number;
}

const ENGINES = {
  'onnxruntime-web': (threads: number) => onnxruntimeWebEngine({ threads, wasmPaths: '/' }),
  'onnxruntime-web:webgpu': () => onnxruntimeWebEngine({ providers: ['webgpu'], wasmPaths: '/' }),
  'tfjs:wasm': () => tfjsEngine({ backend: 'wasm', wasmPaths: '/' }),
  'tfjs:webgpu': () => tfjsEngine({ backend: 'webgpu', load: loadTfjs }),
} as const;

export type BrowserEngine = keyof typeof ENGINES;

/** Bundled here: the engine itself leaves packages that few need to be imported by name. */
function loadTfjs(name: string): Promise<unknown> {
  return name.endsWith('webgpu') ? import('@tensorflow/tfjs-backend-webgpu') : import('@tensorflow/tfjs-core');
}

/** Runs in a browser: the conformance suite, the contract of engines, and some steps of a training. */
export async function examine(
  name: BrowserEngine,
  { threads = 1, only = '', steps }: PageOptions,
): Promise<PageReport> {
  const engine: Engine = await ENGINES[name](threads);
  const cases = conformanceCases().filter((subject) => subject.name.includes(only));
  const results = await runCases(engine, cases, name.endsWith('webgpu') ? 10 : undefined);
  const contract: Record<string, readonly string[]> = {};
  for (const check of contractChecks()) contract[check.name] = await check.run(engine);
  const report = { fingerprint: engine.fingerprint, results, contract, losses: await losses(engine, steps) };
  await engine.dispose();
  return report;
}
