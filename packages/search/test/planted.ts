import {
  hashNormal,
  input,
  reduceMean,
  reduceSum,
  seedOf,
  sizeOf,
  square,
  subtract,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import {
  buildBackbone,
  createScheme,
  type Scheme,
  type SearchSpace,
  schemeBuilder,
  searchSpace,
  smallResnet,
} from '@nats/space';
import type { Objective } from '@nats/train';

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

export const BATCH = 8;
const SIZE = 16;

export function noise(shape: readonly number[], seed: number): TensorData {
  return tensorData(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => hashNormal(seed, i)),
  );
}

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
    batch: async (split, step) => ({ x: noise([BATCH, 2, SIZE, SIZE], seedOf(seed, `${split} ${step}`)) }),
  };
}
