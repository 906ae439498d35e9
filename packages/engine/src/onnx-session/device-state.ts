import { checkStateValues, type State, type StateSpec, type TensorData, unknownVariableError } from '@nats/graph';
import type { Tensor } from 'onnxruntime-common';
import type { DeviceTransfer } from './device-transfer.js';
import { fromOrt, type TensorFactory } from './tensors.js';
import { createTurns, type Turns } from './turns.js';

export interface DeviceState extends State, Pick<Turns, 'alive' | 'inTurn'> {
  /** Current values, on the device. Variables without values are not there. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Makes tensors of the device the current ones, and frees those before. */
  replace(tensors: ReadonlyMap<string, Tensor>): void;
}

/** Values stay in the memory of the device. Each is freed as soon as another takes its place. */
export async function createDeviceState(
  spec: StateSpec,
  values: ReadonlyMap<string, TensorData>,
  transfer: DeviceTransfer,
  toOrt: TensorFactory,
): Promise<DeviceState> {
  checkStateValues(spec, values, true);
  const isFull = (name: string) => !spec.get(name)!.shape.includes(0);
  const tensorsOf = (replacements: ReadonlyMap<string, TensorData>) =>
    [...replacements]
      .filter(([name]) => isFull(name))
      .map(([name, value]) => [name, toOrt({ ...value, data: value.data.slice() })] as const);
  const given = Object.fromEntries(tensorsOf(values));
  const tensors = await transfer.upload(given, Object.keys(given));
  const turns = createTurns();
  const replace = (replacements: ReadonlyMap<string, Tensor>) => {
    for (const [name, tensor] of replacements) {
      const former = tensors.get(name);
      tensors.set(name, tensor);
      if (former !== tensor) former?.dispose();
    }
  };
  const read = async (names: readonly string[]) => {
    const unknown = names.find((name) => !spec.has(name));
    if (unknown !== undefined) throw unknownVariableError(unknown);
    const found = await transfer.download(Object.fromEntries(tensors), names.filter(isFull));
    return new Map(
      names.map((name): [string, TensorData] => {
        const tensor = found.get(name);
        return [name, tensor ? fromOrt(tensor) : values.get(name)!];
      }),
    );
  };
  return {
    spec,
    tensors,
    replace,
    alive: turns.alive,
    inTurn: turns.inTurn,
    read: (names) => turns.inTurn(() => read([...new Set(names ?? spec.keys())])),
    write: (replacements) =>
      turns.inTurn(async () => {
        checkStateValues(spec, replacements, false);
        const written = Object.fromEntries(tensorsOf(replacements));
        replace(await transfer.upload({ ...Object.fromEntries(tensors), ...written }, Object.keys(written)));
      }),
    dispose: async () => {
      await turns.end();
      for (const tensor of tensors.values()) tensor.dispose();
      tensors.clear();
    },
  };
}
