import { type DatasetRecord, type DecodedImage, letterbox, loadRecordImage, placeImage } from '@nats/detect';
import type { TensorData } from '@nats/graph';
import { createNormalizer } from '@nats/train';
import type { Task } from './task.js';

/** An image of a dataset, with the channels that a detector sees. */
export function recordImage(record: DatasetRecord, channels: number): Promise<DecodedImage> {
  return loadRecordImage(record, { channels: channels === 1 ? 1 : 3 });
}

/** Images as the detector sees them in evaluations: letterboxed and normalized, float32 `[N, C, H, W]`. */
export function networkInput({
  detector: { inputSize: size, inputChannels: channels },
  statistics,
}: Pick<Task, 'detector' | 'statistics'>): (images: readonly DecodedImage[]) => TensorData {
  const normalize = createNormalizer({ channels, height: size[0], width: size[1] }, statistics);
  return (images) => normalize(images.map((image) => placeImage(image, letterbox(image, size), size).pixels));
}
