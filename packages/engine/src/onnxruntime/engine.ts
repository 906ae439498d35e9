import { createRequire } from 'node:module';
import { encodeProgram, updateName } from '@nats/export';
import {
  checkFeeds,
  checkProgramState,
  checkStateValues,
  type Engine,
  type Executable,
  type Feeds,
  NatsError,
  type Program,
  type State,
  type StateSpec,
  type TensorData,
} from '@nats/graph';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { engineLowerings } from './lowerings/index.js';
import { sessionOptions } from './session-options.js';
import { fromOrt, toOrt } from './tensors.js';

export interface OnnxruntimeOptions {
  /** Threads inside an op, pinned because they can change bits. Default: the number of physical cores that onnxruntime sees, at most 2. */
  readonly threads?: number;
  /** Execution providers in order of preference: 'cpu', 'cuda', 'webgpu', 'coreml', 'dml'. Default `['cpu']`. */
  readonly providers?: readonly string[];
  /** Refuse feeds with NaN or infinity. Reads every fed value; default false. */
  readonly checkFeedsFinite?: boolean;
  /** Writes an onnxruntime profile with this prefix. */
  readonly profile?: string;
}

export interface OnnxruntimeEngine extends Engine {
  readonly name: 'onnxruntime';
}

/** onnxruntime-node: programs run as plain ONNX graphs. */
export function onnxruntimeEngine(options: OnnxruntimeOptions = {}): OnnxruntimeEngine {
  const { threads = 2, providers = ['cpu'], profile } = options;
  const settings = { threads, providers, ...(profile !== undefined && { profile }) };
  const executables = new Set<Executable>();
  return {
    name: 'onnxruntime',
    fingerprint: {
      engine: 'onnxruntime',
      version: onnxruntimeVersion(),
      providers: providers.join(),
      threads,
      machine: `${process.platform}-${process.arch}`,
    },
    createState: async (spec, values) => createState(spec, values),
    compile: async (program) => {
      const bytes = encodeProgram(program, { lowerings: engineLowerings });
      const session = await createSession(bytes, settings);
      const executable = createExecutable(program, session, () => executables.delete(executable));
      executables.add(executable);
      return executable;
    },
    dispose: async () => {
      for (const executable of executables) await executable.dispose();
    },
  };
}

async function createSession(
  bytes: Uint8Array,
  settings: Parameters<typeof sessionOptions>[0],
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, sessionOptions(settings));
  } catch (cause) {
    const text = String(cause instanceof Error ? cause.message : cause);
    if (!/provider|backend/i.test(text)) throw cause;
    throw new NatsError(
      'provider',
      {
        rule: 'an execution provider is one that this build of onnxruntime has',
        received: settings.providers.join(),
        limit: text,
      },
      { cause },
    );
  }
}

function onnxruntimeVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('onnxruntime-node/package.json') as { version: string }).version;
}

interface OnnxruntimeState extends State {
  readonly tensors: Map<string, Tensor>;
  readonly alive: () => boolean;
}

/**
 * Values stay in JavaScript memory: onnxruntime reads its inputs in place, and what a run returns takes the old
 * values' place, so that only the outputs' one copy is paid.
 */
function createState(spec: StateSpec, values: ReadonlyMap<string, TensorData>): OnnxruntimeState {
  checkStateValues(spec, values, true);
  // Copies: callers keep their arrays.
  const own = (value: TensorData) => toOrt({ ...value, data: value.data.slice() });
  const tensors = new Map([...values].map(([name, value]) => [name, own(value)]));
  let alive = true;
  return {
    spec,
    tensors,
    alive: () => alive,
    read: async (names = tensors.keys()) =>
      new Map(
        [...names].map((name) => {
          const tensor = tensors.get(name);
          if (!tensor)
            throw new NatsError('state', {
              rule: 'a state only holds the variables of its specification',
              received: `'${name}'`,
            });
          const value = fromOrt(tensor);
          return [name, { ...value, data: value.data.slice() }];
        }),
      ),
    write: async (replacements) => {
      checkStateValues(spec, replacements, false);
      for (const [name, value] of replacements) tensors.set(name, own(value));
    },
    dispose: async () => {
      alive = false;
      tensors.clear();
    },
  };
}

function createExecutable(program: Program, session: InferenceSession, onDispose: () => void): Executable {
  let disposed = false;
  const checked = new WeakSet<State>();
  return {
    program,
    run: async (state, feeds) => {
      const { tensors, alive } = state as OnnxruntimeState;
      if (disposed || !alive()) {
        const what = disposed ? 'executable' : 'state';
        throw new NatsError('disposed', {
          rule: `a run needs a living ${what}`,
          received: `a disposed ${what}`,
          limit: 'compile or create it again',
        });
      }
      checkFeeds(program, feeds);
      if (!checked.has(state)) checkProgramState(program, state.spec);
      checked.add(state);
      const results = await session.run(sessionFeeds(program, tensors, feeds));
      for (const name of program.updates.keys()) tensors.set(name, results[updateName(name)]!);
      return Object.fromEntries([...program.outputs.keys()].map((name) => [name, fromOrt(results[name]!)]));
    },
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      onDispose();
      await session.release();
    },
  };
}

function sessionFeeds(program: Program, tensors: ReadonlyMap<string, Tensor>, feeds: Feeds): Record<string, Tensor> {
  const result: Record<string, Tensor> = {};
  for (const name of program.variables.keys()) result[name] = tensors.get(name)!;
  for (const name of program.inputs.keys()) result[name] = toOrt(feeds[name]!);
  return result;
}
