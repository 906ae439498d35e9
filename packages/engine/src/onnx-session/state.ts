import { checkStateValues, type State, type StateSpec, type TensorData, unknownVariableError } from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import { fromOrt, type TensorFactory } from './tensors.js';
import { createTurns, type Turns } from './turns.js';

export interface SessionState extends State, Pick<Turns, 'alive' | 'inTurn'> {
  /** Current values. onnxruntime reads them in place. */
  readonly tensors: Map<string, Tensor>;
  /** Values that were current before: their memory receives the next ones, where outputs are written in place. */
  readonly spare: Map<string, Tensor>;
}

/** Values stay in JavaScript memory, in two sets that change roles with each run. */
export function createState(
  spec: StateSpec,
  values: ReadonlyMap<string, TensorData>,
  toOrt: TensorFactory,
): SessionState {
  checkStateValues(spec, values, true);
  // Copies: callers keep their arrays.
  const own = (value: TensorData) => toOrt({ ...value, data: value.data.slice() });
  const tensors = new Map([...values].map(([name, value]) => [name, own(value)]));
  const spare = new Map<string, Tensor>();
  const { alive, inTurn, end } = createTurns();
  return {
    spec,
    tensors,
    spare,
    alive,
    inTurn,
    read: (names) =>
      inTurn(async () => new Map([...(names ?? tensors.keys())].map((name) => [name, copyOf(tensors, name)]))),
    write: (replacements) =>
      inTurn(async () => {
        checkStateValues(spec, replacements, false);
        for (const [name, value] of replacements) tensors.set(name, own(value));
      }),
    dispose: async () => {
      await end();
      tensors.clear();
      spare.clear();
    },
  };
}

function copyOf(tensors: ReadonlyMap<string, Tensor>, name: string): TensorData {
  const tensor = tensors.get(name);
  if (!tensor) throw unknownVariableError(name);
  const value = fromOrt(tensor);
  return { ...value, data: value.data.slice() };
}
