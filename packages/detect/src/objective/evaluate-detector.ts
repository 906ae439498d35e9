import { createProgram, createScope, input, type TensorData } from '@nats/graph';
import type { EvaluationContext, Normalizer } from '@nats/train';
import type { DetectionDataset, DetectionExample } from '../data/dataset.js';
import type { Detector } from '../detectors/detector.js';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth } from '../evaluation/coco-format.js';
import { type DetectionEvaluation, evaluateDetections } from '../evaluation/evaluate-detections.js';
import type { EvaluationParameters } from '../evaluation/parameters.js';
import { type DetectionSummary, summarize } from '../evaluation/summarize.js';
import { type DetectionOptions, type Detections, detectionsOf } from '../postprocess/detections.js';

export interface DetectorEvaluation {
  readonly detector: Detector;
  readonly dataset: DetectionDataset;
  readonly normalize: Normalizer;
  /** Images at a time. */
  readonly batch: number;
  readonly detection?: DetectionOptions;
  readonly parameters?: EvaluationParameters;
}

export interface EvaluatedDetector {
  readonly evaluation: DetectionEvaluation;
  readonly summary: DetectionSummary;
  /** Image by image, in the order of the dataset. */
  readonly detections: readonly Detections[];
}

/** Detects on every image of a dataset and compares with its boxes as COCO does. */
export async function evaluateDetector(
  options: DetectorEvaluation,
  context: EvaluationContext,
): Promise<EvaluatedDetector> {
  const { dataset, detector, parameters } = options;
  const examples = await Promise.all(Array.from({ length: dataset.size }, (_, i) => dataset.example(i)));
  const detections = await detectAll(examples, options, context);
  const evaluation = evaluateDetections(
    groundTruthOf(examples, detector.classes),
    cocoDetections(detections),
    parameters,
  );
  return { evaluation, summary: summarize(evaluation), detections };
}

async function detectAll(
  examples: readonly DetectionExample[],
  { detector, normalize, batch, detection }: DetectorEvaluation,
  { compile, state, convolution, signal }: EvaluationContext,
): Promise<Detections[]> {
  const [height, width] = detector.inputSize;
  const executable = await compile(`detector ${batch}`, () => {
    const images = input('images', 'float32', [batch, detector.inputChannels, height, width]);
    return createProgram({
      outputs: { ...detector.candidates(createScope(), images, convolution ? { convolution } : {}) },
    });
  });
  const found: Detections[] = [];
  for (let start = 0; start < examples.length; start += batch) {
    signal?.throwIfAborted();
    const part = examples.slice(start, start + batch);
    // The last batch is filled up with its first image.
    const full = Array.from({ length: batch }, (_, i) => (part[i] ?? part[0]!).pixels);
    const { boxes, scores, labels } = (await executable.run(state, { images: normalize(full) })) as Record<
      'boxes' | 'scores' | 'labels',
      TensorData
    >;
    found.push(...detectionsOf({ boxes, scores, labels }, detection).slice(0, part.length));
  }
  return found;
}

/** Boxes of examples in COCO's format: image ids are positions from 1, category ids class numbers from 1. */
export function groundTruthOf(examples: readonly DetectionExample[], classes: number): CocoGroundTruth {
  const annotations: CocoAnnotation[] = [];
  for (const [image, { boxes, labels }] of examples.entries()) {
    for (const [k, label] of labels.entries()) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(k * 4, k * 4 + 4);
      annotations.push({
        id: annotations.length + 1,
        image_id: image + 1,
        category_id: label + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: (x2 - x1) * (y2 - y1),
      });
    }
  }
  return {
    images: examples.map((example, i) => ({
      id: i + 1,
      file_name: example.id,
      width: example.width,
      height: example.height,
    })),
    categories: Array.from({ length: classes }, (_, k) => ({ id: k + 1 })),
    annotations,
  };
}

/** Detections in COCO's format, numbered as `groundTruthOf` does. */
export function cocoDetections(detections: readonly Detections[]): CocoDetection[] {
  return detections.flatMap(({ boxes, scores, labels }, image) =>
    boxes.map(([x1, y1, x2, y2], k) => ({
      image_id: image + 1,
      category_id: labels[k]! + 1,
      bbox: [x1, y1, x2 - x1, y2 - y1] as const,
      score: scores[k]!,
    })),
  );
}
