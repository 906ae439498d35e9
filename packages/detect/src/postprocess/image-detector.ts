import { check, type Feeds, formatShape, type TensorData } from '@nats/graph';
import type { DecodedImage } from '../data/dataset.js';
import { letterbox } from '../data/placement.js';
import { type DetectionOptions, type Detections, detectionsOf } from './detections.js';
import { type ModelConvention, modelFeeds } from './model-feeds.js';
import { detectionsOnImage } from './on-image.js';

/** Runs a file: values by name, in whatever runtime the caller has. */
export type RunModel = (feeds: Feeds) => Promise<Readonly<Record<string, TensorData>>>;

/**
 * Detections of images from what a file returned, in pixels of the images and inside them. The file's own thresholds
 * hold; stricter ones may be given.
 */
export function modelDetections(
  { input, output, thresholds }: ModelConvention,
  outputs: Readonly<Record<string, TensorData>>,
  images: readonly DecodedImage[],
  options: Pick<DetectionOptions, 'scoreThreshold' | 'limit'> = {},
): Detections[] {
  const found =
    output.kind === 'detections'
      ? fixedDetections(outputOf(outputs, 'detections'), outputOf(outputs, 'valid'))
      : detectionsOf(
          {
            boxes: outputOf(outputs, 'boxes'),
            scores: outputOf(outputs, 'scores'),
            labels: outputOf(outputs, 'labels'),
          },
          thresholds,
        );
  const strict = found.map((detections) => best(detections, options));
  if (output.pixels === 'image') return strict;
  return strict.map((own, i) => detectionsOnImage(own, letterbox(images[i]!, input.size), images[i]!));
}

function outputOf(outputs: Readonly<Record<string, TensorData>>, name: string): TensorData {
  const value = outputs[name];
  check(value !== undefined, 'name', () => ({
    rule: "a detector's file has the outputs that its metadata tell",
    received: Object.keys(outputs).join(', '),
    limit: name,
  }));
  return value;
}

/** Rows of `[N, K, 6]` that the mask `[N, K]` says are there. */
export function fixedDetections(rows: TensorData, valid: TensorData): Detections[] {
  const [n, k, columns] = rows.shape as [number, number, number];
  check(columns === 6 && valid.shape.join() === `${n},${k}`, 'shape', () => ({
    rule: 'detections of fixed number are [N, K, 6] and a mask [N, K]',
    received: `${formatShape(rows.shape)} and ${formatShape(valid.shape)}`,
  }));
  return Array.from({ length: n }, (_, image) => {
    const places = Array.from({ length: k }, (_, slot) => image * k + slot).filter((at) => valid.data[at]);
    return {
      boxes: places.map((at) => [...rows.data.subarray(at * 6, at * 6 + 4)] as [number, number, number, number]),
      scores: places.map((at) => rows.data[at * 6 + 4]!),
      labels: places.map((at) => rows.data[at * 6 + 5]!),
    };
  });
}

/** Scores fall, so what is dropped is at the end. */
function best(
  { boxes, scores, labels }: Detections,
  { scoreThreshold = 0, limit = Number.POSITIVE_INFINITY }: Pick<DetectionOptions, 'scoreThreshold' | 'limit'>,
): Detections {
  const count = Math.min(limit, scores.filter((score) => score > scoreThreshold).length);
  return { boxes: boxes.slice(0, count), scores: scores.slice(0, count), labels: labels.slice(0, count) };
}

/**
 * A detector of images from a file: prepares what the file takes, runs it, and gives detections in pixels of the images.
 * Images of one call are one batch, and of one size if the file letterboxes them itself.
 */
export function imageDetector(
  convention: ModelConvention,
  run: RunModel,
): (
  images: readonly DecodedImage[],
  options?: Pick<DetectionOptions, 'scoreThreshold' | 'limit'>,
) => Promise<Detections[]> {
  return async (images, options = {}) =>
    images.length === 0 ? [] : modelDetections(convention, await run(modelFeeds(convention, images)), images, options);
}
