import { areaRanges, buildDetector, COCO_PARAMETERS, detection, mnistTextures, selectRecords } from '@nats/detect';
import type { TensorData } from '@nats/graph';
import { buildClassifier, type ConvolutionBuilder } from '@nats/space';
import {
  adamw,
  classification,
  cosineDecay,
  frozen,
  type Objective,
  type ParameterRule,
  type Phase,
  readMnist,
  type Schedule,
  toJson,
  withWarmUp,
} from '@nats/train';
import { backbone, PROTOCOL } from '../../apps/cli/src/demo/protocol.js';
import type { Task } from './task.js';

export { PROTOCOL };

/** The detection objective, with the training images also in two disjoint halves for the search. */
export function detectionObjective({ detector, train, test }: Task, seed: number): Objective {
  const half = (from: number) => {
    const indices = Array.from({ length: train.records.length / 2 }, (_, i) => 2 * i + from);
    return { ...selectRecords(train, indices), name: `${train.name}/half ${from}` };
  };
  return detection({
    detector: buildDetector(detector),
    datasets: { train, test, weights: half(0), architecture: half(1) },
    batchSize: PROTOCOL.batch,
    // Of the published figures; an image has at most six objects.
    maxObjects: 16,
    seed,
    statistics: PROTOCOL.statistics,
    evaluation: { ...COCO_PARAMETERS, areaRanges: areaRanges(...PROTOCOL.sizes) },
    config: toJson(detector),
  });
}

export async function pretrainingObjective(seed: number): Promise<Objective> {
  const digits = await readMnist();
  const { images, batch } = PROTOCOL.pretraining;
  return classification({
    network: (scope, x, options) => buildClassifier(scope, x, backbone, { ...options, classes: 10 }),
    datasets: {
      train: await mnistTextures({ digits: digits.train, size: images, seed }),
      test: await mnistTextures({ digits: digits.test, size: 1_000, seed }),
    },
    batchSize: batch,
    statistics: PROTOCOL.statistics,
    seed,
  });
}

export const rate = (peak: number, steps: number): Schedule =>
  withWarmUp(cosineDecay({ rate: peak, steps }), { steps: PROTOCOL.warmUp });

/** How a detector is fitted, in every variant. Norms of a frozen backbone still follow the statistics of the images. */
export function detectorPhase({ backboneRate }: Task, convolution?: ConvolutionBuilder): Phase {
  return {
    optimizer: adamw({ weightDecay: PROTOCOL.weightDecay }),
    learningRate: rate(PROTOCOL.learningRate, PROTOCOL.steps),
    clipNorm: PROTOCOL.clipNorm,
    ...(backboneRate !== 1 && { rules: backboneRules(backboneRate) }),
    ...(convolution && { convolution }),
  };
}

function backboneRules(learningRateScale: number): ParameterRule[] {
  return learningRateScale === 0 ? frozen('backbone.body') : [{ name: 'backbone.body.*', learningRateScale }];
}

/** A classifier's backbone under the names that it has in a detector. */
export function asBackbone(weights: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
  return new Map(
    [...weights].filter(([name]) => !name.startsWith('fc.')).map(([name, value]) => [`backbone.body.${name}`, value]),
  );
}
