import { updateName } from '@nats/export';
import {
  allocate,
  batchOfFeeds,
  checkFeeds,
  checkFinite,
  checkProgramState,
  disposedError,
  type Executable,
  type Feeds,
  type Program,
  type State,
  type Tensor as SymbolicTensor,
  sizeOf,
} from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import type { Session } from './session.js';
import type { SessionState } from './state.js';
import { fromOrt, type TensorFactory } from './tensors.js';

export interface ExecutableOptions {
  readonly toOrt: TensorFactory;
  readonly finiteFeeds: boolean;
}

/** A session as an executable: values of the state and feeds are its inputs. */
export function createExecutable(program: Program, session: Session, options: ExecutableOptions): Executable {
  let alive = true;
  const checked = new WeakSet<State>();
  const run = async (state: SessionState, feeds: Feeds) => {
    if (!alive) throw disposedError('executable');
    const given = sessionFeeds(program, state, feeds, options.toOrt);
    const results = await session.run(given, receivers(program, state, feeds, options.toOrt));
    for (const name of program.updates.keys()) {
      if (session.writesInPlace) state.spare.set(name, state.tensors.get(name)!);
      state.tensors.set(name, results[updateName(name)]!);
    }
    return Object.fromEntries([...program.outputs.keys()].map((name) => [name, fromOrt(results[name]!)]));
  };
  return {
    program,
    run: async (anyState, feeds) => {
      const state = anyState as SessionState;
      if (!alive) throw disposedError('executable');
      if (!state.alive()) throw disposedError('state');
      checkFeeds(program, feeds);
      if (options.finiteFeeds) checkFinite(feeds);
      if (!checked.has(state)) checkProgramState(program, state.spec);
      checked.add(state);
      return state.inTurn(() => run(state, feeds));
    },
    dispose: async () => {
      if (!alive) return;
      alive = false;
      await session.release();
    },
  };
}

function sessionFeeds(
  program: Program,
  { tensors }: SessionState,
  feeds: Feeds,
  toOrt: TensorFactory,
): Record<string, Tensor> {
  const result: Record<string, Tensor> = {};
  for (const name of program.variables.keys()) result[name] = tensors.get(name)!;
  for (const name of program.inputs.keys()) result[name] = toOrt(feeds[name]!);
  return result;
}

/** Outputs get arrays of their own, which the caller may keep; new values of variables the memory of former ones. */
function receivers(
  program: Program,
  state: SessionState,
  feeds: Feeds,
  toOrt: TensorFactory,
): Map<string, () => Tensor> {
  const batch = batchOfFeeds(program, feeds);
  const empty = ({ dtype, shape }: SymbolicTensor) => {
    const known = shape.map((dimension) => (dimension === 'N' ? batch : dimension));
    return toOrt({ dtype, shape: known, data: allocate(dtype, sizeOf(known)) });
  };
  const result = new Map<string, () => Tensor>();
  for (const [name, tensor] of program.outputs) result.set(name, () => empty(tensor));
  for (const [name, tensor] of program.updates) {
    result.set(updateName(name), () => state.spare.get(name) ?? empty(tensor));
  }
  return result;
}
