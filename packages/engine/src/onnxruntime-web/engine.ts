import type { Lowerings } from '@nats/export';
import type { Engine } from '@nats/graph';
import { deviceParts } from '../onnx-session/device-parts.js';
import { createExecutable } from '../onnx-session/executable.js';
import { createState } from '../onnx-session/state.js';
import { tensorFactory } from '../onnx-session/tensors.js';
import { createResourceScope } from '../resource-scope.js';
import { runtime } from '../runtime.js';
import { deviceSessions } from './device-session.js';
import { defaultLowerings } from './lowerings.js';
import { configure, loadModule, threadsAllowed } from './module.js';
import { openSession } from './session.js';

/** Options of `onnxruntimeWebEngine`. */
export interface OnnxruntimeWebOptions {
  /** In order of preference: 'wasm', 'webgpu', 'webnn'. Default `['wasm']`. With 'webgpu' states stay on the GPU. */
  readonly providers?: readonly string[];
  /**
   * Threads inside an op; default 1. Only a page that is isolated from other origins (`crossOriginIsolated`) gets more;
   * Node gets 1. The fingerprint has the number that is used. One number for all engines of a page.
   */
  readonly threads?: number;
  /** URL of the folder with onnxruntime-web's .wasm and .mjs files; default: beside its module. One for all engines. */
  readonly wasmPaths?: string;
  /** Refuse feeds with NaN or infinity. Reads every fed value; default false. */
  readonly checkFeedsFinite?: boolean;
  /** Replace how single ops are written as ONNX: for ops of one's own, and to measure. */
  readonly lowerings?: Lowerings;
}

/** An engine on onnxruntime-web. */
export interface OnnxruntimeWebEngine extends Engine {
  readonly name: 'onnxruntime-web';
}

/**
 * onnxruntime-web, in a browser or in Node: the same ONNX programs as those of onnxruntime-node. With 'wasm' values of
 * states stay in JavaScript memory.
 * @throws NatsError `provider` if the package is missing, or was started with other threads or paths
 */
export async function onnxruntimeWebEngine(options: OnnxruntimeWebOptions = {}): Promise<OnnxruntimeWebEngine> {
  const { providers = ['wasm'], checkFeedsFinite = false, wasmPaths } = options;
  const lowerings = [...defaultLowerings(providers), ...(options.lowerings ?? [])];
  const threads = threadsAllowed() ? (options.threads ?? 1) : 1;
  const module = await loadModule(providers);
  configure(module, { threads, wasmPaths });
  const toOrt = tensorFactory(module.Tensor);
  const execution = { toOrt, finiteFeeds: checkFeedsFinite };
  const onDevice = providers[0] === 'webgpu' && deviceSessions(module, providers, lowerings);
  const device = onDevice ? deviceParts(onDevice, execution) : undefined;
  const executables = createResourceScope();
  const states = createResourceScope();
  return {
    name: 'onnxruntime-web',
    fingerprint: {
      engine: 'onnxruntime-web',
      version: module.env.versions.web ?? module.env.versions.common,
      providers: providers.join(),
      threads,
      machine: runtime(),
    },
    createState: async (spec, values) =>
      states.add(device ? await device.createState(spec, values) : createState(spec, values, toOrt)),
    compile: async (program) => {
      if (device) return executables.add(await device.compile(program));
      const session = await openSession(module, program, { providers, lowerings });
      return executables.add(createExecutable(program, session, execution));
    },
    dispose: async () => {
      await executables.dispose();
      await states.dispose();
      await device?.release();
    },
  };
}
