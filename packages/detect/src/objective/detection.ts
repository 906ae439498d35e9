import { check, type Feeds, input, seedOf } from '@nats/graph';
import {
  createNormalizer,
  exampleAt,
  type ImageSize,
  type Json,
  type Objective,
  type PixelStatistics,
} from '@nats/train';
import { cached, type DetectionDataset } from '../data/dataset.js';
import type { Detector } from '../detectors/detector.js';
import type { EvaluationParameters } from '../evaluation/parameters.js';
import type { DetectionOptions } from '../postprocess/detections.js';
import { detectionFeeds } from './batch.js';
import { evaluateDetector } from './evaluate-detector.js';

export interface DetectionObjectiveOptions {
  readonly detector: Detector;
  /** By split: `train`, `test`, or others; all with images of the detector's size and its classes. */
  readonly datasets: Readonly<Record<string, DetectionDataset>>;
  readonly batchSize: number;
  /** Places for objects in an image; an image with more is an error. Default 16. */
  readonly maxObjects?: number;
  /** Default: mean 0.45 and deviation 0.225 of pixels in 0 to 1, about ImageNet's, for every channel. */
  readonly statistics?: PixelStatistics;
  /** Of the order of examples; default 0. */
  readonly seed?: number;
  /** Images at a time in evaluations; default 32. */
  readonly evaluationBatch?: number;
  readonly detection?: DetectionOptions;
  /** Default: COCO's. */
  readonly evaluation?: EvaluationParameters;
  /** What the detector is, for checkpoints. */
  readonly config?: Json;
  /** Keep decoded examples in memory; default true. */
  readonly cache?: boolean;
}

/**
 * Object detection as something to be fitted: the detector's loss, with its parts as metrics. Evaluations give COCO's
 * numbers over a whole split (`AP`, `AP50`, …, 0 to 1, -1 without objects).
 * @throws NatsError `attribute` if datasets and detector do not fit each other
 */
export function detection(options: DetectionObjectiveOptions): Objective {
  const { detector, batchSize, maxObjects = 16, seed = 0, cache = true } = options;
  const datasets = Object.fromEntries(
    Object.entries(options.datasets).map(([split, dataset]) => [split, cache ? cached(dataset) : dataset]),
  );
  for (const [split, dataset] of Object.entries(datasets)) checkDataset(dataset, detector, split);
  const size: ImageSize = {
    channels: detector.inputChannels,
    height: detector.inputSize[0],
    width: detector.inputSize[1],
  };
  const statistics = options.statistics ?? {
    mean: new Array<number>(size.channels).fill(0.45),
    deviation: new Array<number>(size.channels).fill(0.225),
  };
  const normalize = createNormalizer(size, statistics);
  const datasetOf = (split: string): DetectionDataset => {
    const dataset = Object.hasOwn(datasets, split) ? datasets[split] : undefined;
    check(dataset !== undefined, 'name', () => ({
      rule: 'a split is one of its objective',
      received: `'${split}'`,
      limit: Object.keys(datasets).join(', '),
    }));
    return dataset;
  };
  const examplesOf = (split: string, step: number) => {
    const dataset = datasetOf(split);
    const own = seedOf(seed, split);
    return Array.from({ length: batchSize }, (_, i) =>
      dataset.example(exampleAt(dataset.size, own, step * batchSize + i)),
    );
  };
  return {
    name: 'detection',
    batchSize,
    splits: Object.fromEntries(Object.entries(datasets).map(([split, dataset]) => [split, { size: dataset.size }])),
    config: {
      detector: options.config,
      datasets: Object.fromEntries(Object.entries(datasets).map(([split, { name, size }]) => [split, { name, size }])),
      statistics: { mean: statistics.mean, deviation: statistics.deviation },
      maxObjects,
      seed,
    },
    loss: (scope, { convolution, batch = batchSize } = {}) => {
      const images = input('images', 'float32', [batch, size.channels, size.height, size.width]);
      const targets = {
        boxes: input('boxes', 'float32', [batch, maxObjects, 4]),
        labels: input('labels', 'int32', [batch, maxObjects]),
      };
      const { loss, parts } = detector.loss(scope, images, targets, convolution ? { convolution } : {});
      return { loss, metrics: parts };
    },
    batch: async (split, step): Promise<Feeds> => ({
      ...detectionFeeds(await Promise.all(examplesOf(split, step)), normalize, maxObjects),
      ...detector.feeds?.(batchSize, maxObjects, seedOf(seed, `${split} draws ${step}`)),
    }),
    identify: (split, step) => {
      const { name, size: count } = datasetOf(split);
      const own = seedOf(seed, split);
      return Array.from({ length: batchSize }, (_, i) => `${name}/${exampleAt(count, own, step * batchSize + i)}`);
    },
    evaluate: (context) =>
      evaluateDetector(
        {
          detector,
          dataset: datasetOf(context.split),
          normalize,
          batch: options.evaluationBatch ?? 32,
          ...(options.detection && { detection: options.detection }),
          ...(options.evaluation && { parameters: options.evaluation }),
        },
        context,
      ).then(({ summary }) => ({ ...summary.named })),
  };
}

function checkDataset(dataset: DetectionDataset, detector: Detector, split: string): void {
  check(dataset.size > 0 && dataset.classes.length === detector.classes, 'attribute', () => ({
    rule: "a detection dataset has images, and the detector's classes",
    received: `${dataset.size} images and ${dataset.classes.length} classes`,
    limit: `${detector.classes} classes`,
    where: split,
  }));
}
