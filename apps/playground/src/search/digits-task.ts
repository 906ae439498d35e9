import {
  type Box,
  buildDetector,
  demoDetectorConfig,
  type FcosConfig,
  mnistDetection,
  NO_OBJECT,
  quick,
} from '@nats/detect/core';
import { type Engine, input, seedOf, tensorData } from '@nats/graph';
import type { SearchOptions } from '@nats/search';
import { anisotropicGenotypes, type BackboneConfig, searchSpace } from '@nats/space';
import { createNormalizer, divide, exampleAt, type ImageDataset, type Objective } from '@nats/train/core';
import type { Example } from './messages.js';

/** Sides of the square images. */
const SIDE = 64;
const BATCH = 8;
/** Most digits in an image. */
const PLACES = 3;
/** Images of each half. */
const IMAGES = 4000;
/** Images that are shown. */
const SHOWN = 4;

/** Gray images of digits that are 2.5 to 4 times as wide as high, where a dilation to the sides helps. */
function digitImages(digits: ImageDataset, seed: number, size: number) {
  const { records } = mnistDetection({
    digits,
    seed,
    size,
    imageSize: SIDE,
    count: [1, PLACES],
    side: [24, 60],
    widening: [2.5, 4],
  });
  return (index: number) => {
    const { source, objects, id } = records[index]!;
    if (!('load' in source)) throw new Error('images are generated');
    return { id, objects, image: source.load() };
  };
}

export interface DigitsSearch {
  readonly engine: Engine;
  readonly digits: ImageDataset;
  readonly steps: number;
  /** Dilation that is searched for, by height as by width. */
  readonly largest: number;
  readonly seed: number;
}

/** Some images of the task with their digits, to be looked at. */
export async function exampleImages({ digits, seed }: Pick<DigitsSearch, 'digits' | 'seed'>): Promise<Example[]> {
  const image = digitImages(digits, seed, SHOWN);
  return Promise.all(
    Array.from({ length: SHOWN }, async (_, i) => {
      const { image: made, objects } = image(i);
      const { pixels } = await made;
      return { side: SIDE, pixels, objects: objects.map(({ box, label }) => ({ box, name: digits.classes[label]! })) };
    }),
  );
}

/**
 * Options of a search for the dilations of a small detector of wide digits, from random weights. The architecture moves from a
 * fifth of the steps on, earlier than by default: there are few.
 */
export function digitsSearch({ engine, digits, steps, largest, seed }: DigitsSearch) {
  const config = demoDetectorConfig({
    inputSize: [SIDE, SIDE],
    pyramid: { channels: 32, extra: 'none' },
    predictionKernel: 1,
    ranges: [
      [0, 24],
      [24, null],
    ],
  });
  return {
    engine,
    objective: digitsObjective(digits, seed, config),
    space: searchSpace(config.backbone, { genotypes: anisotropicGenotypes(largest), division: { groups: 8 } }),
    steps,
    seed,
    weights: searchWeights(steps, config.backbone),
    architecture: { start: Math.floor(steps / 5) },
  } satisfies SearchOptions;
}

function searchWeights(steps: number, backbone: BackboneConfig) {
  const { phases } = quick({ backbone, steps, batchSize: BATCH });
  const { optimizer, learningRate, clipNorm, rules } = phases[0]!;
  return { optimizer, learningRate, ...(clipNorm !== undefined && { clipNorm }), ...(rules && { rules }) };
}

/** Made one at a time in this thread: `detection` of @nats/detect makes batches in threads of Node. */
function digitsObjective(digits: ImageDataset, seed: number, config: FcosConfig): Objective {
  const detector = buildDetector(config);
  const halves = divide(digits, 0.5);
  const images = { weights: digitImages(halves[0], seed, IMAGES), architecture: digitImages(halves[1], seed, IMAGES) };
  const normalize = createNormalizer({ channels: 1, height: SIDE, width: SIDE }, detector.inputStatistics);
  const batchOf = (split: string, step: number) =>
    Array.from({ length: BATCH }, (_, i) =>
      images[split as keyof typeof images](exampleAt(IMAGES, seedOf(seed, split), step * BATCH + i)),
    );
  return {
    name: 'wide digits',
    batchSize: BATCH,
    splits: { weights: { size: IMAGES }, architecture: { size: IMAGES } },
    loss: (scope, { convolution, averageFactor, batch = BATCH } = {}) => {
      const pixels = input('images', 'float32', [batch, 1, SIDE, SIDE]);
      const targets = {
        boxes: input('boxes', 'float32', [batch, PLACES, 4]),
        labels: input('labels', 'int32', [batch, PLACES]),
      };
      const { loss, parts } = detector.loss(scope, pixels, targets, {
        ...(convolution && { convolution }),
        ...(averageFactor && { averageFactor }),
      });
      return { loss, metrics: parts };
    },
    batch: async (split, step) => {
      const examples = batchOf(split, step);
      const places = examples.flatMap(({ objects }) =>
        Array.from({ length: PLACES }, (_, i) => objects[i] ?? { box: [0, 0, 0, 0] as Box, label: NO_OBJECT }),
      );
      const made = await Promise.all(examples.map(({ image }) => image));
      return {
        images: normalize(made.map(({ pixels }) => pixels)),
        boxes: tensorData(
          'float32',
          [BATCH, PLACES, 4],
          places.flatMap(({ box }) => [...box]),
        ),
        labels: tensorData(
          'int32',
          [BATCH, PLACES],
          places.map(({ label }) => label),
        ),
      };
    },
    identify: (split, step) => batchOf(split, step).map(({ id }) => `${split} ${id}`),
  };
}
