import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  add,
  createProgram,
  createScope,
  gradients,
  input,
  multiply,
  reduceSum,
  referenceEngine,
  seedOf,
  type Tensor,
} from '@nats/graph';
import { goldenState, hashed } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { afterAll, describe, it } from 'vitest';
import { type FeaturePyramidConfig, featurePyramid } from '../../src/index.js';
import { readGolden } from './support.js';

interface Attributes {
  readonly channels: readonly number[];
  readonly out: number;
  readonly sizes: readonly (readonly number[])[];
  readonly extra: FeaturePyramidConfig['extra'];
}

const fixture = readGolden<Attributes>('pyramid');
const engines = [referenceEngine(), onnxruntimeEngine({ threads: 1 })];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

describe.each(engines)('a feature pyramid of maps of any sizes equals torchvision ($name)', (engine) => {
  it.each(Object.entries(fixture.cases))('%s', async (name, { attributes: { channels, out, sizes, extra } }) => {
    const { seed } = fixture;
    const scope = createScope();
    const shapes = sizes.map((size, i) => [2, channels[i]!, ...size]);
    const maps = shapes.map((shape, i) => input(`x${i}`, 'float32', shape));
    const levels = featurePyramid(scope, maps, { channels: out, extra });
    const weighted = (y: Tensor, i: number) =>
      reduceSum(multiply(y, input(`cotangent${i}`, 'float32', y.shape as number[])));
    const parameters = [...scope.spec.keys()];
    const wanted = [...maps, ...parameters.map((parameter) => scope.variable(parameter)!)];
    const slopes = gradients(levels.map(weighted).reduce(add), wanted);
    const names = [...maps.map((_, i) => `x${i}`), ...parameters];
    const executable = await engine.compile(
      createProgram({
        outputs: Object.fromEntries([
          ...levels.map((level, i) => [`forward/P${i}`, level] as const),
          ...slopes.map((slope, i) => [`gradient/${names[i]}`, slope] as const),
        ]),
      }),
    );
    const state = await engine.createState(scope.spec, goldenState(scope.spec, seed));
    const outputs = await executable.run(
      state,
      Object.fromEntries([
        ...shapes.map((shape, i) => [`x${i}`, hashed(shape, seedOf(seed, `x${i}`))] as const),
        ...levels.map((y, i) => [`cotangent${i}`, hashed(y.shape as number[], seedOf(seed, `cotangent${i}`))] as const),
      ]),
    );
    expectGolden(`pyramid ${name} (${engine.name})`, fixture, name, new Map(Object.entries(outputs)));
  });
});
