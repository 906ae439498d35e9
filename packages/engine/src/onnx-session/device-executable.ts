import { updateName } from '@nats/export';
import {
  allocate,
  batchOfFeeds,
  check,
  checkFeeds,
  checkFinite,
  checkProgramState,
  disposedError,
  type Executable,
  type Feeds,
  type Program,
  type State,
  type TensorData,
} from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import type { OpenDeviceSession } from './device-session.js';
import type { DeviceState } from './device-state.js';
import type { ExecutableOptions } from './executable.js';
import { fromOrt } from './tensors.js';
import { withoutEmpty } from './without-empty.js';

/** A program whose state stays on a device: feeds go there, outputs come back, and nothing else crosses. */
export async function createDeviceExecutable(
  program: Program,
  open: OpenDeviceSession,
  { toOrt, finiteFeeds }: ExecutableOptions,
): Promise<Executable> {
  const { program: full, emptyOutputs } = withoutEmpty(program);
  const computes = full.outputs.size + full.updates.size > 0;
  const session = computes ? await open(full, [...full.updates.keys()].map(updateName)) : undefined;
  const checked = new WeakSet<State>();
  let alive = true;
  const run = async (state: DeviceState, feeds: Feeds): Promise<Record<string, TensorData>> => {
    if (!alive) throw disposedError('executable');
    const given: Record<string, Tensor> = {};
    for (const name of full.variables.keys()) given[name] = state.tensors.get(name)!;
    for (const name of full.inputs.keys()) given[name] = toOrt(feeds[name]!);
    const results = session ? await session.run(given) : {};
    state.replace(new Map([...full.updates.keys()].map((name) => [name, results[updateName(name)]!])));
    const batch = batchOfFeeds(program, feeds);
    const values = [...program.outputs.keys()].map((name): [string, TensorData] => {
      const empty = emptyOutputs.get(name);
      if (!empty) return [name, fromOrt(results[name]!)];
      const shape = empty.shape.map((size) => (size === 'N' ? batch : size));
      return [name, { dtype: empty.dtype, shape, data: allocate(empty.dtype, 0) }];
    });
    return Object.fromEntries(values);
  };
  return {
    program,
    run: async (anyState, feeds) => {
      const state = anyState as DeviceState;
      if (!alive) throw disposedError('executable');
      if (!state.alive()) throw disposedError('state');
      checkFeeds(program, feeds);
      checkBatch(program, feeds);
      if (finiteFeeds) checkFinite(feeds);
      if (!checked.has(state)) checkProgramState(program, state.spec);
      checked.add(state);
      return state.inTurn(() => run(state, feeds));
    },
    dispose: async () => {
      if (!alive) return;
      alive = false;
      await session?.release();
    },
  };
}

/** Axes of length 0 that are known beforehand are taken out; a batch is not. */
function checkBatch(program: Program, feeds: Feeds): void {
  const batched = [...program.inputs].find(([, { shape }]) => shape[0] === 'N');
  if (!batched) return;
  const [name] = batched;
  check(feeds[name]!.shape[0]! > 0, 'feed', () => ({
    rule: 'on a GPU a batch has at least one entry',
    received: '0',
    limit: 'leave the run out, or compute it on the CPU',
    where: name,
  }));
}
