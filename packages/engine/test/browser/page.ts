import {
  broadcastTo,
  createProgram,
  type Engine,
  initialize,
  input,
  NatsError,
  reduceMean,
  square,
  tensorData,
} from '@nats/graph';
import { type CaseResult, conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { onnxruntimeWebEngine } from '../../src/onnxruntime-web/index.js';
import { tfjsEngine } from '../../src/tfjs/index.js';
import { losses, tinyTraining } from '../tiny-training.js';

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

export interface LostDevice {
  /** The first loss. */
  readonly first: number;
  readonly error: { readonly code: string; readonly received?: string; readonly limit?: string } | undefined;
}

const errorOf = (action: Promise<unknown>): Promise<LostDevice['error']> =>
  action.then(
    () => undefined,
    (error: unknown) => (error instanceof NatsError ? { code: error.code, ...error.details } : { code: String(error) }),
  );

/** Takes the GPU away after some steps. */
export async function loseDevice(): Promise<LostDevice> {
  const engine = await onnxruntimeWebEngine({ providers: ['webgpu'], wasmPaths: '/' });
  const { program, spec, feeds } = tinyTraining();
  const executable = await engine.compile(program);
  const state = await engine.createState(spec, initialize(spec, 1));
  const { loss } = await executable.run(state, feeds(0));
  const { env } = await import('onnxruntime-web/webgpu');
  const device = (await env.webgpu.device) as unknown as { destroy(): void; lost: Promise<unknown> };
  device.destroy();
  await device.lost;
  return { first: loss!.data[0]!, error: await errorOf(executable.run(state, feeds(1))) };
}

/** Asks for more than the limit of a buffer. */
export async function largeTensor(): Promise<LostDevice['error']> {
  const engine = await onnxruntimeWebEngine({ providers: ['webgpu'], wasmPaths: '/' });
  const x = input('x', 'float32', [2 ** 10, 1]);
  const large = reduceMean(broadcastTo(square(x), [2 ** 10, 2 ** 21]));
  const executable = await engine.compile(createProgram({ outputs: { large } }));
  const state = await engine.createState(new Map(), new Map());
  return errorOf(executable.run(state, { x: tensorData('float32', [2 ** 10, 1], new Float32Array(2 ** 10)) }));
}

/** Of TensorFlow.js, where only webgpu and cpu are installed. */
export async function chosenBackend(): Promise<string> {
  const load = async (name: string) => {
    if (name.endsWith('backend-cpu')) return import('@tensorflow/tfjs-backend-cpu');
    if (name.endsWith('backend-webgpu') || name.endsWith('core')) return loadTfjs(name);
    throw new Error(`no ${name} here`);
  };
  return (await tfjsEngine({ load })).backend;
}
