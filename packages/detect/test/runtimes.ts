import { type TensorData, tensorData } from '@nats/graph';
import * as native from 'onnxruntime-node';
import * as wasm from 'onnxruntime-web';

/** Runs a model file: feeds and outputs by name. */
export type RunModel = (feeds: Readonly<Record<string, TensorData>>) => Promise<Record<string, TensorData>>;

interface Session {
  run(feeds: Record<string, native.Tensor>): Promise<Readonly<Record<string, native.Tensor>>>;
  release(): Promise<void>;
}

const RUNTIMES = {
  'onnxruntime-node': (bytes: Uint8Array): Promise<Session> =>
    native.InferenceSession.create(bytes, { intraOpNumThreads: 1 }),
  'onnxruntime-web': (bytes: Uint8Array): Promise<Session> => {
    wasm.env.wasm.numThreads = 1;
    return wasm.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  },
};

export type RuntimeName = keyof typeof RUNTIMES;
export const runtimeNames = Object.keys(RUNTIMES) as RuntimeName[];

/** Opens a model in a runtime, as a user would: without an engine of this project. */
export async function openModel(
  name: RuntimeName,
  bytes: Uint8Array,
): Promise<{ run: RunModel; close(): Promise<void> }> {
  const session = await RUNTIMES[name](bytes);
  const { Tensor } = name === 'onnxruntime-node' ? native : wasm;
  return {
    run: async (feeds) => {
      const tensors = Object.entries(feeds).map(([input, { dtype, data, shape }]) => {
        return [input, new Tensor(dtype as 'float32', data as Float32Array, shape)];
      });
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(Object.entries(results).map(([output, tensor]) => [output, valuesOf(tensor)]));
    },
    close: () => session.release(),
  };
}

function valuesOf({ type, dims, data }: native.Tensor): TensorData {
  return tensorData(type as TensorData['dtype'], dims, data as Float32Array);
}
