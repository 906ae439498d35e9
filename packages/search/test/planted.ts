import {
  createScope,
  hashNormal,
  initialize,
  input,
  reduceMean,
  reduceSum,
  seedOf,
  square,
  subtract,
  type Tensor,
  type TensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import {
  buildBackbone,
  createScheme,
  type Scheme,
  type SearchSpace,
  schemeBuilder,
  searchSpace,
  smallResnet,
} from '@nats/space';
import { frozen, type Objective, sgd } from '@nats/train/core';
import type { SearchOptions } from '../src/loop/search.js';

/** A network of two searchable convolutions, small enough for the float64 reference. */
export const network = smallResnet({
  name: 'planted',
  inputChannels: 2,
  widths: [8],
  strides: [1],
  stem: { stride: 1, channels: 8 },
});

export const space: SearchSpace = searchSpace(network, {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  division: { groups: 4 },
});

/** A random genotype for every channel group. */
export function plantedScheme(seed: number): Scheme {
  return createScheme({
    backbone: network.name,
    genotypes: space.genotypes,
    convolutions: space.sites.map(({ name, channels, channelGroups }) => {
      const own = seedOf(seed, name);
      const choice = Array.from({ length: channels }, (_, c) => {
        const group = Math.floor((c * channelGroups) / channels);
        return Math.floor(((hashNormal(own, group) % 1) + 1) * 1.5) % 3;
      });
      return [name, choice] as const;
    }),
    provenance: { tool: { name: 'test', version: '0' }, method: 'random' },
  });
}

const BATCH = 8;
const SIZE = 16;

/** The features of the last stage. */
function features(
  x: Tensor,
  scope: Parameters<typeof buildBackbone>[0],
  convolution = schemeBuilder(plantedScheme(0)),
) {
  return buildBackbone(scope, x, network, { convolution }).stages.C2!;
}

/**
 * To equal a teacher with a planted scheme on white noise. Teacher and student are in one program; the teacher's weights
 * are below `teacher`, to be frozen.
 */
export function plantedObjective(scheme: Scheme, seed: number): Objective {
  return {
    name: 'planted',
    batchSize: BATCH,
    splits: { weights: { size: 1000 }, architecture: { size: 1000 } },
    loss: (scope, { convolution } = {}) => {
      const x = input('x', 'float32', [BATCH, 2, SIZE, SIZE]);
      const student = features(x, scope.child('student'), convolution ?? schemeBuilder(scheme));
      const teacher = features(x, scope.child('teacher'), schemeBuilder(scheme));
      const difference = reduceSum(square(subtract(student, teacher)), { axes: [1, 2, 3] });
      return { loss: reduceMean(difference) };
    },
    batch: async (split, step) => ({ x: hashed([BATCH, 2, SIZE, SIZE], seedOf(seed, `${split} ${step}`)) }),
  };
}

/** The same weights for teacher and student. */
function pairedWeights(seed: number): Map<string, TensorData> {
  const scope = createScope();
  buildBackbone(scope, input('x', 'float32', [1, 2, 16, 16]), network);
  const values = initialize(scope.spec, seed);
  return new Map(
    [...values].flatMap(([name, value]) => [
      [`student.${name}`, value],
      [`teacher.${name}`, value],
    ]),
  );
}

/** A search for a planted scheme. */
export function plantedSearch(seed: number): Omit<SearchOptions, 'engine'> {
  return {
    objective: plantedObjective(plantedScheme(seed), seed),
    space,
    steps: 100,
    seed,
    // The weights stay where they are (frozen, then free with a small rate): the architecture is what is to be found.
    weights: { optimizer: sgd(), learningRate: (step) => (step < 60 ? 0 : 1e-5), rules: frozen('teacher') },
    architecture: { start: 0 },
    initial: pairedWeights(seed),
  };
}

/** In which share of the channel groups two schemes choose the same. */
export function agreement(found: Scheme, planted: Scheme): number {
  let [right, all] = [0, 0];
  for (const { name, channels, channelGroups } of space.sites) {
    for (let c = 0; c < channels; c += channels / channelGroups) {
      all++;
      if (found.convolutions.get(name)![c] === planted.convolutions.get(name)![c]) right++;
    }
  }
  return right / all;
}
