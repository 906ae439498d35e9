import { check, type Feeds, input, seedOf } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import type { EvaluationContext, ImageSize, Json, Objective } from '@nats/train/core';
import type { Dataset } from '../data/dataset.js';
import type { Detector } from '../detectors/detector.js';
import type { EvaluationParameters } from '../evaluation/parameters.js';
import type { LoaderOptions } from '../loader/index.js';
import type { DetectionOptions } from '../postprocess/detections.js';
import { statisticsOf } from './detector-statistics.js';
import { type EvaluatedDetector, evaluateImages, namedMetrics } from './evaluate-detector.js';
import { checkPlaces, type DetectionSplit, openSplits, placesNeeded } from './splits.js';

export type { DetectionSplit } from './splits.js';

/** See `LoaderOptions`. */
type Loading = Pick<LoaderOptions, 'onTooMany' | 'workers' | 'prefetch' | 'decode' | 'padValue'>;

/** Options of `detection`. */
export interface DetectionObjectiveOptions extends Loading {
  readonly detector: Detector;
  /**
   * By split: `train`, `test`, halves for a search, or others. Images (`readCoco`, `readVoc`, `readYolo`, `mnistDetection`)
   * are decoded, augmented and letterboxed to the detector's size in threads. All have the detector's classes.
   */
  readonly datasets: Readonly<Record<string, DetectionSplit | Dataset>>;
  readonly batchSize: number;
  /**
   * Places for objects in an image; an image with more is an error unless `onTooMany` says otherwise. Default: what the
   * annotations need. A step's time and memory grow with it.
   */
  readonly maxObjects?: number;
  /** Default, and all that is taken: those of the detector's backbone (`inputStatistics` of its config sets others). */
  readonly statistics?: PixelStatistics;
  /** Of the order of images and of augmentations; default 0. */
  readonly seed?: number;
  /** Images at a time in evaluations; default 32. */
  readonly evaluationBatchSize?: number;
  readonly detection?: DetectionOptions;
  /** Those that are not COCO's. */
  readonly evaluation?: Partial<EvaluationParameters>;
  /** Told of every evaluation on the way, with its detections; waited for. */
  readonly onEvaluation?: (evaluated: EvaluatedDetector) => Promise<void> | void;
  /** What the detector is, for checkpoints. */
  readonly config?: Json;
  /** Keep decoded images of files in memory; default false. */
  readonly cache?: boolean;
}

/** Detection as something to be fitted. */
export interface DetectionObjective extends Objective {
  /** What `evaluate` makes its numbers of: detections in COCO's format, curves, images per second. */
  evaluateSplit(context: EvaluationContext): Promise<EvaluatedDetector>;
  /** Ends the threads that make batches. */
  dispose(): Promise<void>;
}

/**
 * Object detection as something to be fitted: the detector's loss, with its parts as metrics. Evaluations give COCO's
 * numbers over a whole split (`AP`, `AP50`, …, 0 to 1, -1 without objects), in pixels of the original images, never
 * augmented. Batches are a pure function of files, seed, split and step, whatever the number of threads.
 * A detector that gives masks is fed those of the objects, and evaluated by masks, too (`segm/AP`, `segm/AP50`, …).
 * @throws NatsError `attribute` if datasets and detector do not fit each other (a detector that gives masks needs one of
 * every object that is not a crowd), `feed` for an image with more objects than
 * `maxObjects`
 */
export function detection(options: DetectionObjectiveOptions): DetectionObjective {
  const { detector, batchSize, seed = 0, evaluationBatchSize = 32, onTooMany = 'error', cache } = options;
  const { workers, prefetch, decode, padValue } = options;
  const sources = Object.fromEntries(
    Object.entries(options.datasets).map(([name, source]) => [
      name,
      'dataset' in source ? source : { dataset: source },
    ]),
  );
  for (const [name, source] of Object.entries(sources)) checkSplit(source, detector, name);
  const maxObjects = options.maxObjects ?? placesNeeded(sources);
  if (onTooMany === 'error') checkPlaces(sources, maxObjects);
  const size: ImageSize = {
    channels: detector.inputChannels,
    height: detector.inputSize[0],
    width: detector.inputSize[1],
  };
  const statistics = statisticsOf(detector, options.statistics);
  const { splits, close } = openSplits(sources, {
    batchSize,
    evaluationBatchSize,
    seed,
    maxObjects,
    masks: detector.masks ?? false,
    ...(cache !== undefined && { cache }),
    loading: {
      size: detector.inputSize,
      channels: size.channels as 1 | 3,
      statistics,
      onTooMany,
      ...(workers !== undefined && { workers }),
      ...(prefetch !== undefined && { prefetch }),
      ...(decode && { decode }),
      ...(padValue !== undefined && { padValue }),
    },
  });
  const splitOf = (name: string) => {
    const split = splits.get(name);
    check(split !== undefined, 'name', () => ({
      rule: 'a split is one of its objective',
      received: `'${name}'`,
      limit: [...splits.keys()].join(', '),
    }));
    return split;
  };
  const evaluateSplit = (context: EvaluationContext) =>
    evaluateImages(
      splitOf(context.split).images(),
      {
        detector,
        batch: evaluationBatchSize,
        ...(options.detection && { detection: options.detection }),
        ...(options.evaluation && { parameters: options.evaluation }),
      },
      context,
    );
  return {
    name: 'detection',
    batchSize,
    splits: Object.fromEntries([...splits].map(([name, split]) => [name, { size: split.size }])),
    config: {
      detector: options.config,
      datasets: Object.fromEntries([...splits].map(([name, { config }]) => [name, config])),
      statistics: { mean: statistics.mean, deviation: statistics.deviation },
      maxObjects,
      seed,
      ...(onTooMany !== 'error' && { onTooMany }),
      ...(decode && { decode }),
      ...(padValue !== undefined && { padValue }),
    },
    loss: (scope, { convolution, averageFactor, batch = batchSize } = {}) => {
      const images = input('images', 'float32', [batch, size.channels, size.height, size.width]);
      const targets = {
        boxes: input('boxes', 'float32', [batch, maxObjects, 4]),
        labels: input('labels', 'int32', [batch, maxObjects]),
      };
      const { loss, parts } = detector.loss(scope, images, targets, {
        ...(convolution && { convolution }),
        ...(averageFactor && { averageFactor }),
      });
      return { loss, metrics: parts };
    },
    batch: async (split, step) => ({
      ...(await splitOf(split).batch(step)),
      ...detector.feeds?.(batchSize, maxObjects, seedOf(seed, `${split} draws ${step}`)),
    }),
    batchOfRank: async (split, step, { rank, size }) => ({
      ...(await splitOf(split).batch(step * size + rank, size)),
      // Drawn for the batch of all ranks: what N ranks draw is what one with N times the batch draws.
      ...rowsOf(
        detector.feeds?.(batchSize * size, maxObjects, seedOf(seed, `${split} draws ${step}`)),
        rank,
        batchSize,
      ),
    }),
    identify: (split, step) => splitOf(split).identify(step),
    evaluate: async (context) => {
      const evaluated = await evaluateSplit(context);
      await options.onEvaluation?.(evaluated);
      return namedMetrics(evaluated);
    },
    evaluateSplit,
    dispose: close,
  };
}

/** The rows of one rank, of values for the batch of all ranks. */
function rowsOf(feeds: Feeds | undefined, rank: number, batch: number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds ?? {}).map(([name, { dtype, shape, data }]) => {
      const row = data.length / shape[0]!;
      const own = data.slice(rank * batch * row, (rank + 1) * batch * row);
      return [name, { dtype, shape: [batch, ...shape.slice(1)], data: own }];
    }),
  );
}

function checkSplit({ dataset }: DetectionSplit, detector: Detector, split: string): void {
  const size = dataset.records.length;
  check(size > 0 && dataset.classes.length === detector.classes, 'attribute', () => ({
    rule: "a detection dataset has images, and the detector's classes",
    received: `${size} images and ${dataset.classes.length} classes`,
    limit: `${detector.classes} classes`,
    where: split,
  }));
}
