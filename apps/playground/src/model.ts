/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import {
  type DecodedImage,
  type Detections,
  type DetectorConvention,
  imageDetector,
  readDetectorMetadata,
} from '@nats/detect/core';
import { type DType, type Feeds, type TensorData, tensorData } from '@nats/graph';
import * as ort from 'onnxruntime-web';

/** A detector of `nats export` on an engine of this browser. */
export interface Model {
  readonly name: string;
  readonly bytes: number;
  readonly convention: DetectorConvention;
  detect(image: DecodedImage): Promise<Detections>;
  close(): Promise<void>;
}

export type BrowserProvider = 'wasm' | 'webgpu';

/** @throws NatsError for a file that is no detector of nats; Error if this browser can not run it */
export async function openModel(file: File, provider: BrowserProvider): Promise<Model> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const convention = readDetectorMetadata(bytes, file.name);
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 3 });
  const run = async (feeds: Feeds) => valuesOf(await session.run(tensorsOf(feeds)));
  const detect = imageDetector(convention, run);
  return {
    name: file.name,
    bytes: bytes.length,
    convention,
    detect: async (image) => (await detect([image]))[0]!,
    close: () => session.release(),
  };
}

function tensorsOf(feeds: Feeds): Record<string, ort.Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      new ort.Tensor(dtype, data as Float32Array, shape),
    ]),
  );
}

function valuesOf(tensors: ort.InferenceSession.OnnxValueMapType): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const { type, dims, data } = value as ort.Tensor;
      return [name, tensorData(type as DType, dims, data as Float32Array)];
    }),
  );
}
