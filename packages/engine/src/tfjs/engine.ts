import { check, type Engine } from '@nats/graph';
import { createResourceScope } from '../resource-scope.js';
import { runtime } from '../runtime.js';
import { openBackend, type PackageLoader, TFJS_BACKENDS, type TfjsBackend } from './backends.js';
import { createExecutable } from './executable.js';
import { alone } from './module.js';
import { createState } from './state.js';

/** Options of `tfjsEngine`. */
export interface TfjsOptions {
  /** Default: the first of 'node-gpu', 'node', 'webgpu', 'wasm' and 'cpu' that is installed and works. */
  readonly backend?: TfjsBackend;
  /** Imports TensorFlow.js's packages; default `import(name)`. For bundlers, which need to see names, and for tests. */
  readonly load?: PackageLoader;
  /** URL of the folder with the .wasm files of the wasm backend; in a browser it does not find them by itself. */
  readonly wasmPaths?: string;
  /** Refuse feeds with NaN or infinity. Reads every fed value; default false. */
  readonly checkFeedsFinite?: boolean;
}

/** An engine on TensorFlow.js. */
export interface TfjsEngine extends Engine {
  readonly name: 'tfjs';
  readonly backend: TfjsBackend;
}

/**
 * TensorFlow.js: a program's ops one by one, by forward kernels alone. Values of states stay in tensors of the backend.
 * TensorFlow.js itself is global; its backend may be changed between runs, and the engine's tensors count among its own.
 * @throws NatsError `provider` if no backend, or not the one asked for, is installed and works
 */
export async function tfjsEngine(options: TfjsOptions = {}): Promise<TfjsEngine> {
  const { backend: wanted, load, wasmPaths, checkFeedsFinite = false } = options;
  check(wanted === undefined || TFJS_BACKENDS.includes(wanted), 'provider', () => ({
    rule: 'a backend of TensorFlow.js is one that this engine knows',
    received: String(wanted),
    limit: TFJS_BACKENDS.join(', '),
  }));
  const { tf, backend, enter } = await alone(() => openBackend(wanted, { load, wasmPaths }));
  const executables = createResourceScope();
  const states = createResourceScope();
  return {
    name: 'tfjs',
    backend,
    fingerprint: { engine: 'tfjs', backend, version: tf.version_core, machine: runtime() },
    createState: async (spec, values) => states.add(await createState(tf, enter, spec, values)),
    compile: async (program) => {
      return executables.add(
        await createExecutable(tf, program, {
          enter,
          finiteFeeds: checkFeedsFinite,
        }),
      );
    },
    dispose: async () => {
      await executables.dispose();
      await states.dispose();
    },
  };
}
