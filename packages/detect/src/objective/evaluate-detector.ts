import { deserialize, serialize } from 'node:v8';
import { createProgram, createScope, type Executable, input } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import type { Collective, EvaluationContext } from '@nats/train/core';
import type { CocoDatasetFile } from '../data/coco-ground-truth.js';
import type { Dataset } from '../data/dataset.js';
import { checkMasks } from '../data/targets.js';
import type { Detector } from '../detectors/detector.js';
import type { CocoDetection } from '../evaluation/coco-format.js';
import { type DetectionEvaluation, evaluateDetections } from '../evaluation/evaluate-detections.js';
import type { EvaluationParameters } from '../evaluation/parameters.js';
import { type DetectionSummary, summarize } from '../evaluation/summarize.js';
import { createLoader, type LoaderOptions } from '../loader/index.js';
import type { CandidateValues, DetectionOptions, Detections } from '../postprocess/detections.js';
import {
  type MaskCandidateValues,
  pastedDetections,
  type UnpastedDetections,
  unpastedDetectionsOf,
} from '../postprocess/masked-detections.js';
import { detectionsOnImage } from '../postprocess/on-image.js';
import { statisticsOf } from './detector-statistics.js';
import { type EvaluationBatch, type EvaluationImages, loadedImages } from './evaluation-images.js';
import { type EvaluatedMasks, evaluateMasks, withCrowdMasks } from './mask-evaluation.js';

export type { EvaluationBatch, EvaluationImages } from './evaluation-images.js';

/** How images come from files; see `LoaderOptions`. */
export type ImageLoading = Pick<LoaderOptions, 'workers' | 'prefetch' | 'cache' | 'decode' | 'padValue'>;

/** What is evaluated on which images, and how. */
export interface DetectorEvaluation {
  readonly detector: Detector;
  /** Annotated images, which are decoded and letterboxed here. */
  readonly dataset: Dataset;
  /** Default, and all that is taken: those of the detector's backbone. */
  readonly statistics?: PixelStatistics;
  /** Images at a time. */
  readonly batch: number;
  readonly detection?: DetectionOptions;
  /** Those that are not COCO's. */
  readonly parameters?: Partial<EvaluationParameters>;
  readonly loading?: ImageLoading;
}

/** COCO's numbers of a detector, and the detections that they were computed from. */
export interface EvaluatedDetector {
  /** Of boxes, as `summary` and `results`. */
  readonly evaluation: DetectionEvaluation;
  readonly summary: DetectionSummary;
  /** Of masks, if the detector gives them. */
  readonly segm?: EvaluatedMasks;
  /** Image by image, in the order of the dataset, in pixels of the original images and inside them. */
  readonly detections: readonly Detections[];
  /** The same in the format of COCO's result files: what `evaluateFiles` and pycocotools read. */
  readonly results: readonly CocoDetection[];
  /** What they were compared with, with the same numbers for images and categories; `evaluateVoc` takes both, too. */
  readonly groundTruth: CocoDatasetFile;
  /** From loading to detections, without the comparison. */
  readonly imagesPerSecond: number;
  /** Share of that time in which the network waited for images. */
  readonly waitShare: number;
}

/**
 * Detects on every image of a dataset and compares with its objects as COCO does, in pixels of the original images: crowds
 * count neither way, sizes go by the objects' areas. Images are made batch by batch; only detections are kept. Of a detector
 * that gives masks, boxes and masks are compared.
 * @throws NatsError `malformed` for an image that cannot be read, `attribute` for a dataset without the masks that a detector
 * is to find; IO errors pass through
 */
export async function evaluateDetector(
  options: DetectorEvaluation,
  context: EvaluationContext,
): Promise<EvaluatedDetector> {
  const { detector, dataset, batch, loading } = options;
  const channels = detector.inputChannels;
  const statistics = statisticsOf(options.detector, options.statistics);
  if (detector.masks) checkMasks(dataset.records, dataset.name);
  const loader = createLoader({
    ...loading,
    splits: { images: { dataset, shuffle: false, targets: false } },
    size: detector.inputSize,
    batchSize: batch,
    channels: channels as 1 | 3,
    statistics,
  });
  try {
    return await evaluateImages(loadedImages(dataset, loader, 'images'), options, context);
  } finally {
    await loader.close();
  }
}

/** `evaluateDetector` on images from anywhere. */
export async function evaluateImages(
  images: EvaluationImages,
  {
    detector,
    batch,
    detection,
    parameters,
  }: Pick<DetectorEvaluation, 'detector' | 'batch' | 'detection' | 'parameters'>,
  context: EvaluationContext,
): Promise<EvaluatedDetector> {
  const executable = await compileDetector(detector, batch, context);
  const byBatch: Map<number, readonly Detections[]> = new Map();
  const started = performance.now();
  let waited = 0;
  let asked = started;
  const { collective } = context;
  for await (const part of images.batches(collective)) {
    waited += performance.now() - asked;
    context.signal?.throwIfAborted();
    const outputs = await executable.run(context.state, { images: part.images });
    const found = originalDetections(unpastedDetectionsOf(outputs as unknown as OutputValues, detection), part);
    byBatch.set(part.index, found);
    asked = performance.now();
  }
  const all = collective && collective.size > 1 ? await ofAllRanks(byBatch, collective) : byBatch;
  const seconds = (performance.now() - started) / 1000;
  const detections = [...all.keys()].sort((a, b) => a - b).flatMap((index) => all.get(index)!);
  const results = cocoDetections(detections, images);
  const own = images.groundTruth();
  const groundTruth = detector.masks ? withCrowdMasks(own) : own;
  const evaluation = evaluateDetections(groundTruth, results, {
    ...parameters,
    ...(detector.masks && { iouType: 'bbox' }),
  });
  return {
    evaluation,
    summary: summarize(evaluation),
    ...(detector.masks && { segm: evaluateMasks(groundTruth, detections, images, parameters) }),
    detections,
    results,
    groundTruth,
    imagesPerSecond: detections.length / seconds,
    waitShare: waited / 1000 / seconds,
  };
}

/** COCO's numbers by name: of boxes (`AP`, …), and of masks, if there are any (`segm/AP`, …). */
export function namedMetrics({ summary, segm }: Pick<EvaluatedDetector, 'summary' | 'segm'>): Record<string, number> {
  const masks = Object.entries(segm?.summary.named ?? {}).map(([name, value]) => [`segm/${name}`, value]);
  return { ...summary.named, ...Object.fromEntries(masks) };
}

/** What every rank found, on every rank: rank 0 gathers it and tells all. */
async function ofAllRanks(
  own: ReadonlyMap<number, readonly Detections[]>,
  collective: Collective,
): Promise<Map<number, readonly Detections[]>> {
  const parts = await collective.gather(serialize([...own]));
  const all = parts && serialize(parts.flatMap((part) => deserialize(part) as [number, readonly Detections[]][]));
  const length = Uint32Array.of(all?.length ?? 0);
  await collective.broadcast(new Uint8Array(length.buffer));
  const bytes = all ?? new Uint8Array(length[0]!);
  await collective.broadcast(bytes);
  return new Map(deserialize(bytes) as [number, readonly Detections[]][]);
}

type OutputValues = CandidateValues & Partial<MaskCandidateValues>;

function compileDetector(
  detector: Detector,
  batch: number,
  { compile, convolution }: EvaluationContext,
): Promise<Executable> {
  const [height, width] = detector.inputSize;
  return compile(`detector ${batch}`, () => {
    const images = input('images', 'float32', [batch, detector.inputChannels, height, width]);
    return createProgram({
      outputs: { ...detector.candidates(createScope(), images, convolution ? { convolution } : {}) },
    });
  });
}

/** Detections of a batch in pixels of the original images, cut at their borders; those in the padding alone go. */
function originalDetections(
  found: readonly UnpastedDetections[],
  { placements, sizes }: EvaluationBatch,
): Detections[] {
  return placements.map((placement, i) => {
    if (!placement) return pastedDetections(found[i]!, sizes[i]!);
    const { boxes, scores, labels, masks } = detectionsOnImage(found[i]!, placement, sizes[i]!);
    const kept = boxes.flatMap(([x1, y1, x2, y2], k) => (x2 > x1 && y2 > y1 ? [k] : []));
    return {
      boxes: kept.map((k) => boxes[k]!),
      scores: kept.map((k) => scores[k]!),
      labels: kept.map((k) => labels[k]!),
      ...(masks && { masks: kept.map((k) => masks[k]!) }),
    };
  });
}

/** Detections of images, in order, in COCO's format. */
export function cocoDetections(
  detections: readonly Detections[],
  { imageIds, categoryIds }: Pick<EvaluationImages, 'imageIds' | 'categoryIds'>,
): CocoDetection[] {
  return detections.flatMap(({ boxes, scores, labels }, image) =>
    boxes.map(([x1, y1, x2, y2], k) => ({
      image_id: imageIds[image]!,
      category_id: categoryIds[labels[k]!]!,
      bbox: [x1, y1, x2 - x1, y2 - y1] as const,
      score: scores[k]!,
    })),
  );
}
