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

/** Runs in a browser: the conformance suite, the contract of engines, and some steps of a training. */
export async function examine(
  name: 'onnxruntime-web' | 'tfjs:wasm',
  { threads = 1, only = '', steps }: PageOptions,
): Promise<PageReport> {
  const engine: Engine =
    name === 'tfjs:wasm'
      ? await tfjsEngine({ backend: 'wasm', wasmPaths: '/' })
      : await onnxruntimeWebEngine({ threads, wasmPaths: '/' });
  const cases = conformanceCases().filter((subject) => subject.name.includes(only));
  const results = await runCases(engine, cases);
  const contract: Record<string, readonly string[]> = {};
  for (const check of contractChecks()) contract[check.name] = await check.run(engine);
  const report = { fingerprint: engine.fingerprint, results, contract, losses: await losses(engine, steps) };
  await engine.dispose();
  return report;
}
