import {
  type DecodedImage,
  type Detections,
  type DetectorConvention,
  imageDetector,
  modelFeeds,
  readDetectorMetadata,
} from '@nats/detect';
import { deviceError, nativeOnnxruntime } from '@nats/engine';
import { type DType, type Feeds, malformed, type TensorData, tensorData } from '@nats/graph';
import { readRegularFile } from '@nats/transfer';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { ModelRuntime } from './model-engines.js';

/** An exported detector, run as any user of onnxruntime would run it. */
export interface OpenDetector {
  readonly path: string;
  /** Size of the file. */
  readonly bytes: number;
  readonly convention: DetectorConvention;
  /** Detections of one image, in its pixels, in falling order of score. */
  detect(image: DecodedImage): Promise<Detections>;
  /** What a run is fed for images of one size. */
  feeds(images: readonly DecodedImage[]): Feeds;
  run(feeds: Feeds): Promise<Readonly<Record<string, TensorData>>>;
  /** Runs on images of one size again and again, results thrown away: for measurements. */
  prepare(images: readonly DecodedImage[]): () => Promise<unknown>;
  close(): Promise<void>;
}

/**
 * An exported detector, ready to run on images.
 * @throws NatsError if the file is no detector of nats, or `device` if there is no GPU for it; IO errors pass through
 */
export async function openDetector(path: string, runtime: ModelRuntime): Promise<OpenDetector> {
  return openDetectorBytes(await readRegularFile(path), path, runtime);
}

export async function openDetectorBytes(
  bytes: Uint8Array,
  path: string,
  { threads, providers = ['cpu'] }: ModelRuntime,
): Promise<OpenDetector> {
  const convention = readDetectorMetadata(bytes, path);
  const options = { intraOpNumThreads: threads, executionProviders: providers, logSeverityLevel: 3 } as const;
  const session = await nativeOnnxruntime()
    .InferenceSession.create(bytes, options)
    .catch((cause: Error) => {
      throw deviceError(cause, path) ?? new Error(`${path}: onnxruntime can't run it: ${cause.message}`, { cause });
    });
  const runTensors = (tensors: Record<string, Tensor>) =>
    session.run(tensors).catch((cause: Error) => {
      throw deviceError(cause, path) ?? cause;
    });
  const run = async (feeds: Feeds) => valuesOf(await runTensors(tensorsOf(feeds)));
  const detect = imageDetector(convention, run);
  return {
    path,
    bytes: bytes.length,
    convention,
    detect: async (image) => withNames((await detect([image]))[0]!, convention, path),
    feeds: (images) => modelFeeds(convention, images),
    run,
    prepare: (images) => {
      const tensors = tensorsOf(modelFeeds(convention, images));
      return () => runTensors(tensors);
    },
    close: () => session.release(),
  };
}

/** @throws NatsError for a label without a name: the file's metadata are not its own */
function withNames(found: Detections, { classes }: DetectorConvention, path: string): Detections {
  const unnamed = found.labels.find((label) => !(label >= 0 && label < classes.length));
  if (unnamed === undefined) return found;
  throw malformed(path, 'metadata classes', {
    rule: 'a detector has a name for each of its labels',
    received: `label ${unnamed}, and ${classes.length} names`,
  });
}

function tensorsOf(feeds: Feeds): Record<string, Tensor> {
  const { Tensor } = nativeOnnxruntime();
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      new Tensor(dtype, data as Float32Array, shape),
    ]),
  );
}

function valuesOf(tensors: InferenceSession.OnnxValueMapType): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => {
      const { type, dims, data } = value as Tensor;
      return [name, tensorData(type as DType, dims, data as Float32Array)];
    }),
  );
}
