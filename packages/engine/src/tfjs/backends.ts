import { NatsError } from '@nats/graph';
import { isSoftwareAdapter } from '../software-adapter.js';
import { asTfjs, type Tfjs } from './module.js';

/** Best first. */
export const TFJS_BACKENDS = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;

/** Backends of TensorFlow.js that `tfjsEngine` takes. */
export type TfjsBackend = (typeof TFJS_BACKENDS)[number];

/** Imports a package by name. */
export type PackageLoader = (name: string) => Promise<unknown>;

export interface BackendOptions {
  readonly load?: PackageLoader | undefined;
  /** URL of the folder with the .wasm files of the wasm backend. */
  readonly wasmPaths?: string | undefined;
}

export interface LoadedBackend {
  readonly tf: Tfjs;
  readonly backend: TfjsBackend;
  /** Makes it current: other code may have chosen another one meanwhile. */
  enter(): Promise<void>;
}

interface BackendPackages {
  /** The package that holds TensorFlow.js itself. */
  readonly core: string;
  /** The package that adds the backend, if it is another one. */
  readonly addition?: string;
  /** What TensorFlow.js calls it. */
  readonly name: string;
}

const CORE = '@tensorflow/tfjs-core';

const PACKAGES: Readonly<Record<TfjsBackend, BackendPackages>> = {
  'node-gpu': { core: '@tensorflow/tfjs-node-gpu', name: 'tensorflow' },
  node: { core: '@tensorflow/tfjs-node', name: 'tensorflow' },
  webgpu: { core: CORE, addition: '@tensorflow/tfjs-backend-webgpu', name: 'webgpu' },
  wasm: { core: CORE, addition: '@tensorflow/tfjs-backend-wasm', name: 'wasm' },
  cpu: { core: CORE, addition: '@tensorflow/tfjs-backend-cpu', name: 'cpu' },
};

/** How to get a backend. */
export function installAdvice(backend: TfjsBackend): string {
  const { core, addition } = PACKAGES[backend];
  return `npm install ${[core, ...(addition === undefined ? [] : [addition])].join(' ')}`;
}

/** Those that bundlers should find are named literally; with `catch` a bundler leaves one alone that is not installed. */
const load: PackageLoader = (name) => {
  switch (name) {
    case '@tensorflow/tfjs-core':
      return import('@tensorflow/tfjs-core').catch(absent);
    case '@tensorflow/tfjs-backend-wasm':
      return import('@tensorflow/tfjs-backend-wasm').catch(absent);
    case '@tensorflow/tfjs-backend-webgpu':
      return import('@tensorflow/tfjs-backend-webgpu').catch(absent);
    case '@tensorflow/tfjs-backend-cpu':
      return import('@tensorflow/tfjs-backend-cpu').catch(absent);
    default:
      return import(/* @vite-ignore */ name);
  }
};

const absent = (error: unknown): never => {
  throw error;
};

/** @throws NatsError `provider` for a backend that is not installed, or does not work here */
async function open(backend: TfjsBackend, options: BackendOptions): Promise<LoadedBackend> {
  const { core, addition, name } = PACKAGES[backend];
  const refuse = (received: string, cause?: unknown) =>
    new NatsError(
      'provider',
      {
        rule: `the backend '${backend}' of TensorFlow.js is installed and works`,
        received,
        limit: installAdvice(backend),
      },
      { cause },
    );
  let tf: Tfjs | undefined;
  try {
    const from = options.load ?? load;
    tf = asTfjs(await from(core));
    const added = addition === undefined ? undefined : await from(addition);
    if (options.wasmPaths !== undefined) setWasmPaths(added, options.wasmPaths);
  } catch (cause) {
    throw refuse(String(cause instanceof Error ? cause.message : cause).split('\n')[0]!, cause);
  }
  if (!tf) throw refuse(`a package ${core} without an engine`);
  const module = tf;
  const enter = async () => {
    if (module.getBackend() === name) return module.ready();
    // A backend that registers itself only where it can run is not known elsewhere: an error, not false.
    const started = await module.setBackend(name).catch((cause: Error) => {
      throw refuse(`it does not run here (${cause.message})`, cause);
    });
    if (!started) throw refuse('it does not start');
    await module.ready();
  };
  await enter();
  return { tf, backend, enter };
}

function setWasmPaths(module: unknown, paths: string): void {
  for (const candidate of [module, (module as { default?: unknown } | undefined)?.default]) {
    (candidate as { setWasmPaths?: (prefix: string) => void } | undefined)?.setWasmPaths?.(paths);
  }
}

interface Gpu {
  requestAdapter(): Promise<{ readonly info?: Readonly<Record<string, unknown>> } | null>;
}

/** Whether WebGPU is there, but computes on the CPU: never chosen, only taken if it is asked for. */
async function softwareOnly(): Promise<boolean> {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  const adapter = await navigator?.gpu?.requestAdapter().catch(() => null);
  if (!adapter?.info) return false;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  return isFallbackAdapter === true || isSoftwareAdapter([vendor, architecture, device, description].join(' '));
}

/**
 * The given backend, or the best one that is installed and works here; of itself never WebGPU without a GPU.
 * @throws NatsError `provider`
 */
export async function openBackend(wanted: TfjsBackend | undefined, options: BackendOptions): Promise<LoadedBackend> {
  if (wanted !== undefined) return open(wanted, options);
  const reasons: string[] = [];
  for (const backend of TFJS_BACKENDS) {
    if (backend === 'webgpu' && (await softwareOnly())) {
      reasons.push('webgpu: no GPU, only an adapter in software');
      continue;
    }
    try {
      return await open(backend, options);
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      reasons.push(`${backend}: ${error.details.received}`);
    }
  }
  throw new NatsError('provider', {
    rule: 'a backend of TensorFlow.js is installed and works',
    received: reasons.join('; '),
    limit: installAdvice('wasm'),
  });
}
