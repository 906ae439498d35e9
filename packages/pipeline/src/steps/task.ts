import {
  type AugmentationOptions,
  areaRanges,
  buildDetector,
  type Dataset,
  type DetectionObjective,
  type DetectionObjectiveOptions,
  type Detector,
  type DetectorConfig,
  detection,
  detectorBackbone,
  detectorConfigOf,
  givesMasks,
} from '@nats/detect';
import { createScope, input, type StateSpec } from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import { type BackboneConfig, inputStatistics, parseGenotype, type SearchSpace, searchSpace } from '@nats/space';
import { toJson } from '@nats/train';
import { asConfigError } from '../config/config-errors.js';
import type { Config } from '../config/schema.js';
import { UsageError } from '../usage-error.js';
import { backboneConfigOf } from './backbone.js';
import { checkedDatasets } from './check-images.js';
import type { StepContext } from './context.js';
import { fingerprint, readDatasets } from './datasets.js';

/** What is to be detected, and by which detector. */
export interface Task {
  readonly train: Dataset;
  readonly val: Dataset;
  readonly classes: readonly string[];
  /** As far as the detector builds it. */
  readonly backbone: BackboneConfig;
  readonly detectorConfig: DetectorConfig;
  readonly detector: Detector;
  readonly statistics: PixelStatistics;
}

/**
 * Reads the annotations and builds the detector for their classes.
 * @param look opens every image, too, and tells of it: before a training
 * @throws UsageError without data and for settings that do not fit each other; Error without objects; NatsError for what is
 * malformed
 */
export async function openTask(
  { data, backbone: settings, detector: detectorSettings, evaluate }: Config,
  look?: Pick<StepContext, 'progress' | 'signal' | 'collective'>,
): Promise<Task> {
  if (!data) {
    throw new UsageError(
      "no data: name a format and paths under 'data' in the config (nats init writes one), or with --set",
    );
  }
  const read = await readDatasets(data, { masks: givesMasks(detectorSettings) });
  // Annotations first: they take no time.
  checkObjects(read.train);
  checkObjects(read.val);
  const { train, val } = look ? await checkedDatasets(read, data, look.progress, look.signal, look.collective) : read;
  // Again: broken images may be left out.
  checkObjects(train);
  checkObjects(val);
  const backbone = backboneConfigOf(settings);
  const { scoreThreshold, iouThreshold, maxDetections } = evaluate;
  const detection = { scoreThreshold, iouThreshold, maxDetections };
  const statistics = inputStatistics(backbone);
  const { detectorConfig, detector } = asConfigError('detector', () => {
    const detectorConfig = detectorConfigOf(detectorSettings, { backbone, classes: train.classes.length, detection });
    const detector = buildDetector(detectorConfig);
    // Layers that do not fit each other are found where they are put together.
    detectorSpec(detector);
    return { detectorConfig, detector };
  });
  return {
    train,
    val,
    classes: train.classes,
    backbone: detectorBackbone(detectorConfig),
    detectorConfig,
    detector,
    statistics,
  };
}

/** @throws Error for images of which nothing can be learnt, and by which nothing can be asConfigError */
function checkObjects({ name, records }: Dataset): void {
  if (records.some(({ objects }) => objects.some(({ crowd }) => !crowd))) return;
  const crowds = records.reduce((count, { objects }) => count + objects.length, 0);
  throw new Error(
    records.length === 0
      ? `there are no images in ${name}`
      : crowds > 0
        ? `all ${crowds} objects of the ${records.length} images in ${name} are crowds (iscrowd 1), which nothing is learnt from; set iscrowd to 0 for single objects`
        : `none of the ${records.length} images in ${name} has an object`,
  );
}

/** What a run learns from and is evaluated on, by content. */
export function imagesOf({ train, val }: Pick<Task, 'train' | 'val'>) {
  return { train: fingerprint(train), val: fingerprint(val) };
}

/** The variables of a detector in inference. */
export function detectorSpec(detector: Detector): StateSpec {
  const scope = createScope();
  detector.candidates(scope, input('images', 'float32', [1, detector.inputChannels, ...detector.inputSize]));
  return scope.spec;
}

/** The backbone as far as a config's detector builds it. @throws UsageError for settings that do not fit each other */
export function searchedBackbone({ backbone, detector }: Config): BackboneConfig {
  const context = { backbone: backboneConfigOf(backbone), classes: 1 };
  return asConfigError('detector', () => detectorBackbone(detectorConfigOf(detector, context)));
}

/** The space that a search chooses from. @throws UsageError if it does not fit the backbone */
export function spaceOf({ space }: Config, backbone: BackboneConfig): SearchSpace {
  const { genotypes, groups, channelsPerGroup, stages, positions, strided } = space;
  return asConfigError('space', () =>
    searchSpace(backbone, {
      genotypes: genotypes.map(parseGenotype),
      sites: { strided, ...(stages && { stages }), ...(positions && { positions }) },
      ...(groups !== undefined && { division: { groups } }),
      ...(channelsPerGroup !== undefined && { division: { channelsPerGroup } }),
    }),
  );
}

/** How a training sees the images. */
export interface ObjectiveSettings {
  readonly batchSize: number;
  readonly maxObjects?: number | undefined;
  readonly augment: AugmentationSettings;
}

type AugmentationSettings = Config['train']['augment'];

/**
 * The task as something to be fitted: splits `train` and `val`, and the two halves of the training images, `weights` and
 * `architecture`, which a search needs. Close it with `dispose`.
 */
export function taskObjective(
  task: Task,
  config: Config,
  settings: ObjectiveSettings,
  onEvaluation?: DetectionObjectiveOptions['onEvaluation'],
): DetectionObjective {
  const { train, val, detector, detectorConfig, statistics } = task;
  const { data } = config;
  const files = data && data.format !== 'mnist' ? data : undefined;
  const augment = augmentationOf(settings.augment, files ? 0.5 : 0);
  // A single image, as for a first look whether all works, is in both halves.
  const half = (from: number) =>
    train.records.length === 1
      ? [0]
      : Array.from({ length: Math.floor((train.records.length + 1 - from) / 2) }, (_, i) => 2 * i + from);
  const training = { dataset: train, ...(augment && { augment }) };
  const { batchSize, sizes, scoreThreshold, iouThreshold, maxDetections } = config.evaluate;
  return detection({
    detector,
    datasets: {
      train: training,
      weights: { ...training, indices: half(0) },
      architecture: { ...training, indices: half(1) },
      val,
    },
    batchSize: settings.batchSize,
    seed: config.seed,
    statistics,
    evaluationBatchSize: batchSize,
    detection: { scoreThreshold, iouThreshold, maxDetections },
    evaluation: { areaRanges: areaRanges(...sizes) },
    ...(onEvaluation && { onEvaluation }),
    // How detections are suppressed changes nothing in a training.
    config: toJson({ ...detectorConfig, detection: undefined }),
    cache: files?.cache ?? true,
    ...(files?.orientation === 'ignore' && { decode: { orientation: files.orientation } }),
    ...(files?.workers !== undefined && { workers: files.workers }),
    ...(settings.maxObjects !== undefined && { maxObjects: settings.maxObjects }),
  });
}

/** Nothing at all rather than an augmentation that does nothing. */
function augmentationOf(
  { flip, scale, crop, color, mosaic }: AugmentationSettings,
  usualFlip: number,
): AugmentationOptions | undefined {
  const defined = (options: object) =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const chosen: AugmentationOptions = {
    ...((flip ?? usualFlip) > 0 && { flip: flip ?? usualFlip }),
    ...(scale && { scale }),
    ...(crop && { crop: defined(crop) }),
    ...(color && { color: defined(color) }),
    ...(mosaic && { mosaic: defined(mosaic) }),
  };
  return Object.keys(chosen).length > 0 ? chosen : undefined;
}
