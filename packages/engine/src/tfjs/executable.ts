import {
  batchOfFeeds,
  checkFeeds,
  checkFinite,
  checkProgramState,
  constantOp,
  disposedError,
  type Executable,
  type Feeds,
  type Program,
  type TensorData,
} from '@nats/graph';
import { decompose } from './decompose/index.js';
import { alone, type Tfjs, type TfTensor } from './module.js';
import { type Plan, planProgram } from './plan.js';
import { checkKernels, runPlan, type Slots } from './run-plan.js';
import type { TfjsState } from './state.js';
import { download, upload } from './tensors.js';

export interface ExecutableOptions {
  /** Makes the backend current. */
  readonly enter: () => Promise<void>;
  readonly finiteFeeds: boolean;
}

export async function createExecutable(tf: Tfjs, program: Program, options: ExecutableOptions): Promise<Executable> {
  const plan = planProgram(decompose(program));
  checkKernels(plan);
  let alive = true;
  const constants = await alone(async () => {
    await options.enter();
    return uploadConstants(tf, plan);
  });
  const checked = new WeakSet<object>();
  return {
    program,
    run: async (anyState, feeds) => {
      const state = anyState as TfjsState;
      if (!alive) throw disposedError('executable');
      if (!state.alive()) throw disposedError('state');
      checkFeeds(program, feeds);
      if (options.finiteFeeds) checkFinite(feeds);
      if (!checked.has(state)) checkProgramState(program, state.spec);
      checked.add(state);
      return alone(async () => {
        if (!alive) throw disposedError('executable');
        if (!state.alive()) throw disposedError('state');
        await options.enter();
        return runOnce(tf, program, plan, constants, state, feeds);
      });
    },
    dispose: async () => {
      if (!alive) return;
      alive = false;
      await alone(async () => {
        for (const tensor of constants.values()) tensor.dispose();
      });
    },
  };
}

function uploadConstants(tf: Tfjs, plan: Plan): Map<number, TfTensor> {
  return new Map(
    [...plan.constants].map(([slot, node]) => {
      const [value] = constantOp.evaluate([], node.attributes as { value: TensorData });
      return [slot, tf.keep(upload(tf, value))];
    }),
  );
}

/** New values reach the state only after everything has been computed and read. */
async function runOnce(
  tf: Tfjs,
  program: Program,
  plan: Plan,
  constants: ReadonlyMap<number, TfTensor>,
  state: TfjsState,
  feeds: Feeds,
): Promise<Record<string, TensorData>> {
  const slots: Slots = new Array<TfTensor | undefined>(plan.slots);
  const borrowed = new Set<number>([...constants.keys(), ...plan.variables.values()]);
  try {
    for (const [slot, tensor] of constants) slots[slot] = tensor;
    for (const [name, slot] of plan.variables) slots[slot] = state.tensors.get(name)!;
    for (const [name, slot] of plan.inputs) slots[slot] = upload(tf, feeds[name]!);
    await runPlan(tf, plan, slots, batchOfFeeds(program, feeds));
    const outputs: Record<string, TensorData> = {};
    for (const [name, slot] of plan.outputs) {
      outputs[name] = await download(slots[slot]!, program.outputs.get(name)!.dtype);
    }
    commit(tf, plan, slots, state);
    return outputs;
  } finally {
    for (const [slot, tensor] of slots.entries()) if (!borrowed.has(slot)) tensor?.dispose();
  }
}

/** Each variable gets a tensor of its own, which shares memory with the slot's until that is disposed of. */
function commit(tf: Tfjs, plan: Plan, slots: Slots, state: TfjsState): void {
  const next = [...plan.updates].map(([name, slot]): [string, TfTensor] => {
    const copy = tf.tidy(() => tf.engine().runKernel('Identity', { x: slots[slot]! }, {}) as TfTensor);
    return [name, tf.keep(copy)];
  });
  for (const [name, tensor] of next) {
    state.tensors.get(name)!.dispose();
    state.tensors.set(name, tensor);
  }
}
