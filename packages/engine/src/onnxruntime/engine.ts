import { createRequire } from 'node:module';
import type { LoweringTable } from '@nats/export';
import type { Engine } from '@nats/graph';
import { Tensor } from 'onnxruntime-node';
import { createLiving } from '../living.js';
import { createExecutable } from '../onnx-session/executable.js';
import { createState } from '../onnx-session/state.js';
import { tensorFactory } from '../onnx-session/tensors.js';
import { openSession } from './session.js';

const toOrt = tensorFactory(Tensor);

export interface OnnxruntimeOptions {
  /** Threads inside an op, pinned because they can change bits. Default 2. */
  readonly threads?: number;
  /** Execution providers in order of preference: 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'. Default `['cpu']`. */
  readonly providers?: readonly string[];
  /** Refuse feeds with NaN or infinity. Reads every fed value; default false. */
  readonly checkFeedsFinite?: boolean;
  /** Writes an onnxruntime profile with this prefix. */
  readonly profile?: string;
  /** Replace how single ops are written as ONNX: for ops of one's own, and to measure. */
  readonly lowerings?: LoweringTable;
}

export interface OnnxruntimeEngine extends Engine {
  readonly name: 'onnxruntime';
}

/** onnxruntime-node: programs run as plain ONNX graphs. */
export function onnxruntimeEngine(options: OnnxruntimeOptions = {}): OnnxruntimeEngine {
  const { threads = 2, providers = ['cpu'], checkFeedsFinite = false, profile, lowerings = {} } = options;
  const settings = { threads, providers, lowerings, ...(profile !== undefined && { profile }) };
  const executables = createLiving();
  const states = createLiving();
  return {
    name: 'onnxruntime',
    fingerprint: {
      engine: 'onnxruntime',
      version: onnxruntimeVersion(),
      providers: providers.join(),
      threads,
      machine: `${process.platform}-${process.arch}`,
    },
    createState: async (spec, values) => states.add(createState(spec, values, toOrt)),
    compile: async (program) => {
      const session = await openSession(program, settings);
      return executables.add(
        createExecutable(program, session, {
          toOrt,
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

export function onnxruntimeVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('onnxruntime-node/package.json') as { version: string }).version;
}
