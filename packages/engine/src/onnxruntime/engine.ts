import type { Lowerings } from '@nats/export';
import type { Engine } from '@nats/graph';
import { deviceParts } from '../onnx-session/device-parts.js';
import { createExecutable } from '../onnx-session/executable.js';
import { createState } from '../onnx-session/state.js';
import { tensorFactory } from '../onnx-session/tensors.js';
import { createResourceScope } from '../resource-scope.js';
import { deviceSessions, keepsOnDevice } from './device-session.js';
import { nativeOnnxruntime, onnxruntimeVersion } from './native-module.js';
import { openSession } from './session.js';

/** Options of `onnxruntimeEngine`. */
export interface OnnxruntimeOptions {
  /** Threads inside an op, pinned because they can change bits. Default 2. */
  readonly threads?: number;
  /** Execution providers in order of preference: 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'. Default `['cpu']`. With 'webgpu' states stay on the GPU. */
  readonly providers?: readonly string[];
  /** Refuse feeds with NaN or infinity. Reads every fed value; default false. */
  readonly checkFeedsFinite?: boolean;
  /**
   * Whether nodes without a kernel of the first provider may be computed on the CPU, with a copy there and back; default
   * true. False refuses such a program when it is compiled.
   */
  readonly fallback?: boolean;
  /** Writes an onnxruntime profile with this prefix. */
  readonly profile?: string;
  /** Replace how single ops are written as ONNX: for ops of one's own, and to measure. */
  readonly lowerings?: Lowerings;
}

/** An engine on onnxruntime-node. */
export interface OnnxruntimeEngine extends Engine {
  readonly name: 'onnxruntime';
}

/**
 * onnxruntime-node, loaded here: programs run as plain ONNX graphs.
 * @throws NatsError `provider` if onnxruntime-node is not installed; the message says how to install it
 */
export function onnxruntimeEngine(options: OnnxruntimeOptions = {}): OnnxruntimeEngine {
  const {
    threads = 2,
    providers = ['cpu'],
    checkFeedsFinite = false,
    profile,
    lowerings = [],
    fallback = true,
  } = options;
  const settings = { threads, providers, lowerings, fallback, ...(profile !== undefined && { profile }) };
  const toOrt = tensorFactory(nativeOnnxruntime().Tensor);
  const executables = createResourceScope();
  const states = createResourceScope();
  const execution = { toOrt, finiteFeeds: checkFeedsFinite };
  const device = keepsOnDevice(providers) ? deviceParts(deviceSessions(settings), execution) : undefined;
  return {
    name: 'onnxruntime',
    fingerprint: {
      engine: 'onnxruntime',
      version: onnxruntimeVersion(),
      providers: providers.join(),
      threads,
      machine: `${process.platform}-${process.arch}`,
    },
    createState: async (spec, values) =>
      states.add(device ? await device.createState(spec, values) : createState(spec, values, toOrt)),
    compile: async (program) => {
      if (device) return executables.add(await device.compile(program));
      return executables.add(createExecutable(program, await openSession(program, settings), execution));
    },
    dispose: async () => {
      await executables.dispose();
      await states.dispose();
      await device?.release();
    },
  };
}
