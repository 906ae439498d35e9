import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, initialize, input, reduceMean, reduceSum, seedOf, square, subtract } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { type BackboneConfig, buildBackbone, type ConvolutionBuilder, schemeBuilder, searchSpace } from '@nats/space';
import { frozen, type Objective, sgd } from '@nats/train';
import { afterAll, expect, test } from 'vitest';
import { randomScheme } from '../baselines/fixed-schemes.js';
import { decodeScheme } from './architecture.js';
import { createSearch } from './search.js';

const BATCH = 8;
const SHAPE = [BATCH, 2, 16, 16] as const;
const TOOL = { tool: { name: 'test', version: '0' } };

/** One block each, with features as large as the input: groups of two channels with a squeeze, and a depthwise convolution. */
const FAMILIES: readonly BackboneConfig[] = [
  {
    kind: 'regnet',
    name: 'regnet-y',
    inputChannels: 2,
    stemChannels: 8,
    stages: [{ blocks: 1, channels: 8, groupWidth: 2, stride: 1 }],
    squeezeRatio: 0.25,
    norm: { kind: 'batch' },
  },
  {
    kind: 'mobilenet-v2',
    name: 'mobilenet-v2',
    inputChannels: 2,
    stemChannels: 8,
    stages: [[{ expansion: 1, channels: 16, blocks: 1, stride: 1 }]],
    classifierChannels: 8,
    norm: { kind: 'batch' },
  },
];

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

test.each(FAMILIES.map((config) => [config.name, config] as const))(
  'finds a planted scheme of a %s',
  async (_, config) => {
    const space = searchSpace(config, {
      genotypes: [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      division: { channelsPerGroup: config.kind === 'regnet' ? 2 : 1 },
    });
    const histogram = new Map(space.sites.map(({ name }) => [name, [4, 2, 2]]));
    const planted = schemeBuilder(randomScheme(space, histogram, 1, TOOL));
    const objective: Objective = {
      name: 'planted',
      batchSize: BATCH,
      splits: { weights: { size: 1000 }, architecture: { size: 1000 } },
      // The student is to equal a teacher with the same weights and the planted scheme, on white noise.
      loss: (scope, { convolution = planted } = {}) => {
        const x = input('x', 'float32', SHAPE);
        const features = (name: string, own: ConvolutionBuilder) =>
          buildBackbone(scope.child(name), x, config, { convolution: own }).stages.C2!;
        const difference = square(subtract(features('student', convolution), features('teacher', planted)));
        return { loss: reduceMean(reduceSum(difference, { axes: [1, 2, 3] })) };
      },
      batch: async (split, step) => ({ x: hashed(SHAPE, seedOf(1, `${split} ${step}`)) }),
    };
    const scope = createScope();
    buildBackbone(scope, input('x', 'float32', SHAPE), config);
    const initial = [...initialize(scope.spec, 1)].flatMap(([name, value]) => [
      [`student.${name}`, value] as const,
      [`teacher.${name}`, value] as const,
    ]);
    const search = await createSearch({
      engine,
      objective,
      space,
      relaxation: { kind: 'exact' },
      steps: 60,
      seed: 1,
      weights: { optimizer: sgd(), learningRate: () => 0, rules: frozen('teacher') },
      architecture: { start: 0 },
      initial: new Map(initial),
    });
    for await (const _ of search.events()) {
    }
    const found = decodeScheme(await search.architecture(), { method: 'argmax' }, TOOL);
    await search.dispose();
    expect([...found.convolutions]).toEqual([...randomScheme(space, histogram, 1, TOOL).convolutions]);
  },
);
