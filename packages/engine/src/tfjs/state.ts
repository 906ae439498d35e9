import {
  checkStateValues,
  disposedError,
  type State,
  type StateSpec,
  type TensorData,
  unknownVariableError,
} from '@nats/graph';
import { alone, type Tfjs, type TfTensor } from './module.js';
import { download, upload } from './tensors.js';

export interface TfjsState extends State {
  /** Current values, on the device. */
  readonly tensors: Map<string, TfTensor>;
  readonly alive: () => boolean;
}

/** Values stay in tensors of the backend between runs. `enter` makes the backend current. */
export async function createState(
  tf: Tfjs,
  enter: () => Promise<void>,
  spec: StateSpec,
  values: ReadonlyMap<string, TensorData>,
): Promise<TfjsState> {
  checkStateValues(spec, values, true);
  const tensors = new Map<string, TfTensor>();
  let alive = true;
  const put = (name: string, value: TensorData) => {
    const tensor = tf.keep(upload(tf, value));
    tensors.get(name)?.dispose();
    tensors.set(name, tensor);
  };
  const access = <T>(action: () => Promise<T>) =>
    alone(async () => {
      if (!alive) throw disposedError('state');
      await enter();
      return action();
    });
  await access(async () => {
    for (const [name, value] of values) put(name, value);
  });
  return {
    spec,
    tensors,
    alive: () => alive,
    read: (names) =>
      access(async () => {
        const result = new Map<string, TensorData>();
        for (const name of names ?? tensors.keys()) {
          const tensor = tensors.get(name);
          if (!tensor) throw unknownVariableError(name);
          result.set(name, await download(tensor, spec.get(name)!.dtype));
        }
        return result;
      }),
    write: (replacements) =>
      access(async () => {
        checkStateValues(spec, replacements, false);
        for (const [name, value] of replacements) put(name, value);
      }),
    dispose: () =>
      alone(async () => {
        alive = false;
        for (const tensor of tensors.values()) tensor.dispose();
        tensors.clear();
      }),
  };
}
