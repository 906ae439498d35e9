import { check, type Feeds, formatShape, type TensorData } from '@nats/graph';
import type { DecodedImage } from '../data/decoded-image.js';
import { letterbox } from '../data/placement.js';
import type { DetectionOptions, Detections } from '../postprocess/detections.js';
import {
  masksAt,
  pastedDetections,
  type UnpastedDetections,
  unpastedDetectionsOf,
} from '../postprocess/masked-detections.js';
import { detectionsOnImage } from '../postprocess/on-image.js';
import type { DetectorConvention } from './convention.js';
import { modelFeeds } from './model-feeds.js';

/** What of a file's convention running it needs. */
export type FileConvention = Pick<DetectorConvention, 'input' | 'output' | 'thresholds'>;

/** Runs a file: values by name, in whatever runtime the caller has. */
export type RunModel = (feeds: Feeds) => Promise<Readonly<Record<string, TensorData>>>;

/**
 * Detections of images from what a file returned, in pixels of the images and inside them, with masks if it gives masks. The
 * file's own thresholds hold; stricter ones may be given.
 */
export function modelDetections(
  convention: FileConvention,
  outputs: Readonly<Record<string, TensorData>>,
  images: readonly DecodedImage[],
  options: Pick<DetectionOptions, 'scoreThreshold' | 'maxDetections'> = {},
): Detections[] {
  const { input, output } = convention;
  return unpastedModelDetections(convention, outputs).map((found, i) => {
    const strict = best(found, options);
    const image = images[i]!;
    if (output.pixels === 'image') return pastedDetections(strict, image);
    return detectionsOnImage(strict, letterbox(image, input.size), image);
  });
}

/** The same, in the file's own pixels and not cut, masks inside their boxes. */
export function unpastedModelDetections(
  { output, thresholds }: Pick<DetectorConvention, 'output' | 'thresholds'>,
  outputs: Readonly<Record<string, TensorData>>,
): UnpastedDetections[] {
  const masks = output.masks && { masks: outputOf(outputs, 'masks') };
  if (output.kind === 'detections') {
    return fixedDetections(outputOf(outputs, 'detections'), outputOf(outputs, 'valid'), masks?.masks);
  }
  const [boxes, scores, labels] = ['boxes', 'scores', 'labels'].map((name) => outputOf(outputs, name));
  return unpastedDetectionsOf({ boxes: boxes!, scores: scores!, labels: labels!, ...masks }, thresholds);
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

/** Rows of `[N, K, 6]` that `valid` `[N, K]` says are there, with the masks `[N, K, side, side]` inside them. */
export function fixedDetections(rows: TensorData, valid: TensorData, masks?: TensorData): UnpastedDetections[] {
  const [n, k, columns] = rows.shape as [number, number, number];
  const others = masks ? [valid, masks] : [valid];
  const fits = columns === 6 && valid.shape.length === 2 && others.every(({ shape: [a, b] }) => a === n && b === k);
  check(fits, 'shape', () => ({
    rule: 'detections of fixed number are [N, K, 6] and a mask [N, K], those of objects with masks also [N, K, side, side]',
    received: [rows, ...others].map(({ shape }) => formatShape(shape)).join(' and '),
  }));
  return Array.from({ length: n }, (_, image) => {
    const places = Array.from({ length: k }, (_, slot) => image * k + slot).filter((at) => valid.data[at]);
    return {
      boxes: places.map((at) => [...rows.data.subarray(at * 6, at * 6 + 4)] as [number, number, number, number]),
      scores: places.map((at) => rows.data[at * 6 + 4]!),
      labels: places.map((at) => rows.data[at * 6 + 5]!),
      ...(masks && { probabilities: masksAt(masks, places) }),
    };
  });
}

/** Scores fall, so what is dropped is at the end. */
function best(
  { boxes, scores, labels, probabilities }: UnpastedDetections,
  {
    scoreThreshold = 0,
    maxDetections = Number.POSITIVE_INFINITY,
  }: Pick<DetectionOptions, 'scoreThreshold' | 'maxDetections'>,
): UnpastedDetections {
  const count = Math.min(maxDetections, scores.filter((score) => score > scoreThreshold).length);
  return {
    boxes: boxes.slice(0, count),
    scores: scores.slice(0, count),
    labels: labels.slice(0, count),
    ...(probabilities && { probabilities: probabilities.slice(0, count) }),
  };
}

/**
 * A detector of images from a file: prepares what the file takes, runs it, and gives detections in pixels of the images.
 * Images of one call are one batch, and of one size if the file letterboxes them itself.
 */
export function imageDetector(
  convention: FileConvention,
  run: RunModel,
): (
  images: readonly DecodedImage[],
  options?: Pick<DetectionOptions, 'scoreThreshold' | 'maxDetections'>,
) => Promise<Detections[]> {
  return async (images, options = {}) =>
    images.length === 0 ? [] : modelDetections(convention, await run(modelFeeds(convention, images)), images, options);
}
