import { check, NatsError } from '@nats/graph';
import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

/** What is used of onnxruntime-web, whichever of its builds it is. */
export interface OnnxruntimeWeb {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
}

/** The builds differ in size: the smallest that has all providers is loaded. @throws NatsError `provider` */
export async function loadModule(providers: readonly string[]): Promise<OnnxruntimeWeb> {
  const webgpu = providers.some((provider) => provider !== 'wasm');
  try {
    return webgpu ? await import('onnxruntime-web/webgpu') : await import('onnxruntime-web/wasm');
  } catch (cause) {
    const rule = "the engine 'onnxruntime-web' needs the package onnxruntime-web";
    throw new NatsError('provider', { rule, received: String(cause), limit: 'npm install onnxruntime-web' }, { cause });
  }
}

export interface WasmSettings {
  readonly threads: number;
  readonly wasmPaths?: string | undefined;
}

const started = new WeakMap<OnnxruntimeWeb, string>();

/**
 * Says how WebAssembly is started: once per loaded module, because onnxruntime-web starts it with its first session.
 * @throws NatsError `provider` if it was started otherwise
 */
export function configure(module: OnnxruntimeWeb, { threads, wasmPaths }: WasmSettings): void {
  const wanted = `${threads} threads, wasm files from ${wasmPaths ?? 'where the module is'}`;
  const before = started.get(module);
  check(before === undefined || before === wanted, 'provider', () => ({
    rule: 'onnxruntime-web is started once, with one number of threads and one place of its wasm files',
    received: wanted,
    limit: before!,
  }));
  started.set(module, wanted);
  module.env.wasm.numThreads = threads;
  if (wasmPaths !== undefined) module.env.wasm.wasmPaths = wasmPaths;
}

/**
 * Threads share memory, which a page may only do when it is isolated from other origins. In Node the module does not
 * start threads.
 */
export function threadsAllowed(): boolean {
  return (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
}
