import {
  checkStateValues,
  disposedError,
  type State,
  type StateSpec,
  type TensorData,
  unknownVariableError,
} from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import { fromOrt, type TensorFactory } from './tensors.js';

export interface SessionState extends State {
  /** Current values. onnxruntime reads them in place. */
  readonly tensors: Map<string, Tensor>;
  /** Values that were current before: their memory receives the next ones, where outputs are written in place. */
  readonly spare: Map<string, Tensor>;
  readonly alive: () => boolean;
  /** One access after the other: a run that has not finished reads and writes the same memory. */
  inTurn<T>(access: () => Promise<T>): Promise<T>;
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
  let alive = true;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(access: () => Promise<T>): Promise<T> => {
    const result = last.then(() => {
      if (!alive) throw disposedError('state');
      return access();
    });
    last = result.catch(() => undefined);
    return result;
  };
  return {
    spec,
    tensors,
    spare,
    alive: () => alive,
    inTurn,
    read: (names) =>
      inTurn(async () => new Map([...(names ?? tensors.keys())].map((name) => [name, copyOf(tensors, name)]))),
    write: (replacements) =>
      inTurn(async () => {
        checkStateValues(spec, replacements, false);
        for (const [name, value] of replacements) tensors.set(name, own(value));
      }),
    dispose: async () => {
      alive = false;
      await last;
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
