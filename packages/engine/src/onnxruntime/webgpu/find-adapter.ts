import { encodeProgram } from '@nats/export';
import { createProgram, input, negate, tensorData } from '@nats/graph';
import { type Adapter, probe } from './probe.js';

/** The adapter on which WebGPU works here; undefined where none does, or where its name can not be found. */
export async function findAdapter(): Promise<Adapter | undefined> {
  const model = encodeProgram(createProgram({ outputs: { y: negate(input('x', 'float32', [1])) } }));
  const { outputs, adapter } = await probe('webgpu', model, { x: tensorData('float32', [1], [2]) });
  return outputs?.y?.[0] === -2 ? adapter : undefined;
}
