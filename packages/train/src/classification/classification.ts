import {
  argMax,
  cast,
  check,
  crossEntropy,
  equal,
  type Feeds,
  formatType,
  hash32,
  hashUniform,
  input,
  reduceMean,
  seedOf,
  type Tensor,
} from '@nats/graph';
import type { PixelStatistics } from '@nats/space';
import type { Augmentation } from '../data/augmentation.js';
import type { ImageDataset } from '../data/image-dataset.js';
import { createNormalizer } from '../data/normalize.js';
import { exampleAt } from '../data/shuffle.js';
import type { Objective } from '../objective.js';
import type { ClassifierNetwork } from './classifier-program.js';
import { evaluateClassifier } from './evaluate-classifier.js';

/** Options of `classification`. */
export interface ClassificationOptions {
  readonly network: ClassifierNetwork;
  /** By split: `train`, `test`, or others; all with images of one size and the same classes. */
  readonly datasets: Readonly<Record<string, ImageDataset>>;
  readonly batchSize: number;
  /** Default: mean 0 and deviation 1 for pixels in 0 to 1. */
  readonly statistics?: PixelStatistics;
  /** Share of the target spread over all classes (Szegedy et al. 2016); default 0. */
  readonly smoothing?: number;
  /** By split; applied in order to training batches, never in evaluations. */
  readonly augment?: Readonly<Record<string, readonly Augmentation[]>>;
  /** Of the order of examples and of augmentations; default 0. */
  readonly seed?: number;
  /** Images at a time in evaluations; default 256. */
  readonly evaluationBatchSize?: number;
  /** Plain data that says what the network is, for checkpoints. */
  readonly config?: unknown;
}

/**
 * Image classification: cross-entropy, with the batch's `accuracy` as metric. Evaluations give `accuracy` (0 to 1) and
 * `loss` (mean cross-entropy, without smoothing) over a whole split. Inputs: `image` float32 `[N, C, H, W]`, normalized, and `label`
 * int32 `[N]`.
 * @throws NatsError `attribute` if the datasets do not fit each other
 */
export function classification(options: ClassificationOptions): Objective {
  const { network, datasets, batchSize, smoothing = 0, augment = {}, seed = 0, evaluationBatchSize = 256 } = options;
  const [first] = Object.values(datasets);
  checkDatasets(datasets);
  const { channels, height, width, classes } = first!;
  const size = { channels, height, width };
  const statistics = options.statistics ?? { mean: size1(channels, 0), deviation: size1(channels, 1) };
  const normalize = createNormalizer(size, statistics);
  const placesOf = (step: number) => Array.from({ length: batchSize }, (_, i) => step * batchSize + i);
  const exampleOf = (split: string, place: number) =>
    exampleAt(datasetOf(datasets, split).size, seedOf(seed, split), place);
  const augmented = (split: string, place: number, image: Uint8Array) =>
    (augment[split] ?? []).reduce((changed, augmentation, i) => {
      const own = hash32(seedOf(seed, `${split} augmentation ${i}`), place);
      return augmentation(changed, size, (n) => hashUniform(own, n));
    }, image);
  return {
    name: 'classification',
    batchSize,
    splits: Object.fromEntries(Object.entries(datasets).map(([name, dataset]) => [name, { size: dataset.size }])),
    config: {
      network: options.config,
      datasets: Object.fromEntries(Object.entries(datasets).map(([split, { name, size }]) => [split, { name, size }])),
      statistics: { mean: statistics.mean, deviation: statistics.deviation },
      smoothing,
      seed,
    },
    loss: (scope, { convolution, batch = batchSize } = {}) => {
      const x = input('image', 'float32', [batch, channels, height, width]);
      const label = input('label', 'int32', [batch]);
      const logits = network(scope, x, convolution ? { convolution } : {});
      checkLogits(logits, batch, classes.length);
      const accuracy = reduceMean(cast(equal(argMax(logits, 1), label), 'float32'));
      return { loss: crossEntropy(logits, label, smoothing), metrics: { accuracy } };
    },
    batch: async (split, step): Promise<Feeds> => {
      const dataset = datasetOf(datasets, split);
      const places = placesOf(step);
      const indices = places.map((place) => exampleOf(split, place));
      const images = indices.map((index, i) => augmented(split, places[i]!, dataset.image(index)));
      const labels = Int32Array.from(indices, (index) => dataset.label(index));
      return { image: normalize(images), label: { dtype: 'int32', shape: [batchSize], data: labels } };
    },
    identify: (split, step) =>
      placesOf(step).map((place) => datasetOf(datasets, split).identify(exampleOf(split, place))),
    evaluate: (context) =>
      evaluateClassifier(
        datasetOf(datasets, context.split),
        { network, normalize, batch: evaluationBatchSize },
        context,
      ),
  };
}

const size1 = (channels: number, value: number) => new Array<number>(channels).fill(value);

function datasetOf(datasets: Readonly<Record<string, ImageDataset>>, split: string): ImageDataset {
  const dataset = Object.hasOwn(datasets, split) ? datasets[split] : undefined;
  check(dataset !== undefined, 'name', () => ({
    rule: 'a split is one of its objective',
    received: `'${split}'`,
    limit: Object.keys(datasets).join(', '),
  }));
  return dataset;
}

function checkDatasets(datasets: Readonly<Record<string, ImageDataset>>): void {
  const all = Object.entries(datasets);
  check(all.length > 0, 'attribute', () => ({ rule: 'a classification has at least one dataset', received: 'none' }));
  const kind = ({ channels, height, width, classes }: ImageDataset) =>
    `${channels}x${height}x${width} in classes ${classes.join(', ')}`;
  for (const [split, dataset] of all) {
    check(dataset.size > 0, 'attribute', () => ({
      rule: 'a dataset has at least one image',
      received: 'none',
      where: split,
    }));
    check(kind(dataset) === kind(all[0]![1]), 'attribute', () => ({
      rule: 'all splits have images of one size and the same classes',
      received: kind(dataset),
      limit: kind(all[0]![1]),
      where: split,
    }));
  }
}

function checkLogits(logits: Tensor, batch: number, classes: number): void {
  check(logits.shape.join() === `${batch},${classes}`, 'shape', () => ({
    rule: 'a classifier gives one number for each image and class',
    received: formatType(logits),
    limit: `float32[${batch}, ${classes}]`,
  }));
}
