import type { CandidateValues } from '@nats/detect';
import { type TensorData, tensorData } from '@nats/graph';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** An exported detector, run as any user of onnxruntime would run it. */
export interface ModelFile {
  run(images: TensorData): Promise<CandidateValues>;
  close(): Promise<void>;
}

export async function openModel(path: string): Promise<ModelFile> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 2 });
  return {
    run: async ({ data, shape }) => {
      const results = await session.run({ images: new Tensor('float32', data as Float32Array, shape) });
      const read = (name: string, dtype: 'float32' | 'int32') => {
        const { dims, data: values } = results[name]!;
        return tensorData(dtype, dims, values as Float32Array | Int32Array);
      };
      return { boxes: read('boxes', 'float32'), scores: read('scores', 'float32'), labels: read('labels', 'int32') };
    },
    close: () => session.release(),
  };
}
