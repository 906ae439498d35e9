import { type Engine, initialize, type StateSpec, tensorData } from '@nats/graph';
import type { Collective } from '../collective.js';
import type { StartState } from './start-state.js';

/**
 * Rank 0 tells all others what a training begins with, so that only it needs the checkpoint. First the length of the
 * description, then the description as JSON, then every variable.
 */
export async function sendState({ state, resumed, warnings }: StartState, collective: Collective): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify({ resumed, warnings }));
  await collective.broadcast(new Uint8Array(Uint32Array.of(text.length).buffer));
  await collective.broadcast(text);
  for (const name of state.spec.keys()) {
    const { data } = (await state.read([name])).get(name)!;
    await collective.broadcast(bytesOf(data));
  }
}

/** The other side of `sendState`. */
export async function receiveState(spec: StateSpec, engine: Engine, collective: Collective): Promise<StartState> {
  const length = new Uint32Array(1);
  await collective.broadcast(new Uint8Array(length.buffer));
  const text = new Uint8Array(length[0]!);
  await collective.broadcast(text);
  const { resumed, warnings } = JSON.parse(new TextDecoder().decode(text)) as Omit<StartState, 'state'>;
  const values = new Map(
    [...initialize(spec, 0)].map(([name, { dtype, shape, data }]) => [name, tensorData(dtype, shape, data.slice())]),
  );
  for (const { data } of values.values()) await collective.broadcast(bytesOf(data));
  return { state: await engine.createState(spec, values), ...(resumed && { resumed }), warnings };
}

function bytesOf(data: { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number }) {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
