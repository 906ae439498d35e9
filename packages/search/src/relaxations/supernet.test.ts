import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createProgram, createScope, evaluate, initialize, input, type TensorData, tensorData } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { buildBackbone, type ConvolutionBuilder, schemeBuilder } from '@nats/space';
import { afterAll, describe, expect, test } from 'vitest';
import { network, plantedScheme, space } from '../../test/planted.js';
import { samplingFeeds } from './sampling.js';
import { isArchitecture, type Relaxation, supernetConvolution, supernetWeights } from './supernet.js';

const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

function programOf(convolution: ConvolutionBuilder) {
  const scope = createScope({ normalization: 'batch' });
  const { stages } = buildBackbone(scope, input('x', 'float32', [2, 2, 9, 9]), network, { convolution });
  return { program: createProgram({ outputs: { y: stages.C2! } }), spec: scope.spec };
}

/** Architecture parameters that leave one genotype of each channel group. */
function decided(values: Map<string, TensorData>): Map<string, TensorData> {
  const planted = plantedScheme(7);
  for (const { name, channels, channelGroups } of space.sites) {
    const alpha = new Float32Array(channelGroups * 3).fill(-1000);
    for (let k = 0; k < channelGroups; k++)
      alpha[k * 3 + planted.convolutions.get(name)![(k * channels) / channelGroups]!] = 1000;
    values.set(`architecture.${name}`, tensorData('float32', [channelGroups, 3], alpha));
  }
  return values;
}

const difference = (a: TensorData, b: TensorData) => {
  const largest = Math.max(...Array.from(b.data, Math.abs));
  return Math.max(...Array.from(a.data, (value, i) => Math.abs(value - b.data[i]!))) / largest;
};

describe('with one-hot architecture parameters a supernet is the derived network', () => {
  const derived = programOf(schemeBuilder(plantedScheme(7)));
  const feeds = { x: hashed([2, 2, 9, 9], 5) };
  const values = initialize(derived.spec, 11);
  const expected = evaluate(derived.program, feeds, values).outputs.y!;

  // Only GDAS's estimator has a temperature, and only strips have the third input.
  const { gumbel, temperature, strip } = samplingFeeds(space, 1, 0, 1) as Record<string, TensorData>;

  test.each([
    ['sum', { kind: 'exact', form: 'sum' }, {}],
    ['dense', { kind: 'exact', form: 'dense' }, {}],
    ['sampled', { kind: 'sampled' }, { gumbel, temperature }],
    ['straight-through', { kind: 'sampled', estimator: 'straight-through' }, { gumbel }],
    ['ReinMax', { kind: 'sampled', estimator: 'reinmax' }, { gumbel }],
    ['straight-through, strips', { kind: 'sampled', estimator: 'straight-through', strips: 4 }, { gumbel, strip }],
    ['exact in C2', { kind: 'sampled', exactStages: ['C2'] }, {}],
    ['all channels', { kind: 'partial-channels', outOf: 1 }, {}],
  ] as [string, Relaxation, Record<string, TensorData>][])(
    '%s: 1e-12 in float64, 1e-5 on the engine',
    async (_, relaxation, sampling) => {
      const supernet = programOf(supernetConvolution(space, relaxation));
      expect([...supernet.spec.keys()].filter((name) => !isArchitecture(name))).toEqual([...derived.spec.keys()]);
      const all = decided(new Map(values));
      const actual = evaluate(supernet.program, { ...feeds, ...sampling }, all).outputs.y!;
      expect(difference(actual, expected)).toBeLessThan(1e-12);
      const state = await engine.createState(supernet.spec, all);
      const executable = await engine.compile(supernet.program);
      const { y } = await executable.run(state, { ...feeds, ...sampling });
      expect(difference(y!, expected)).toBeLessThan(1e-5);
    },
  );
});

test('a derived network goes on from the weights of its supernet', () => {
  const supernet = programOf(supernetConvolution(space, { kind: 'exact' }));
  const derived = programOf(schemeBuilder(plantedScheme(7)));
  const values = initialize(supernet.spec, 3);
  const weights = supernetWeights(values);
  expect([...weights.keys()]).toEqual([...derived.spec.keys()]);
  expect(weights.get('layer1.0.conv1.weight')).toBe(values.get('layer1.0.conv1.weight'));
});

test('Gumbel noise is a pure function of seed and step, and has its mean and variance', () => {
  const draws = Array.from({ length: 200 }, (_, step) => samplingFeeds(space, 3, step, 1).gumbel!);
  expect(samplingFeeds(space, 3, 17, 1).gumbel).toEqual(draws[17]);
  const all = draws.flatMap(({ data }) => Array.from(data));
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length;
  expect(mean).toBeCloseTo(0.5772, 1);
  expect(Math.abs(variance - Math.PI ** 2 / 6)).toBeLessThan(0.1);
});

test('a strip is a pure function of seed, step and convolution, uniform from 0 to below 1', () => {
  const draws = Array.from({ length: 400 }, (_, step) => samplingFeeds(space, 3, step, 1).strip!);
  expect(samplingFeeds(space, 3, 17, 1).strip).toEqual(draws[17]);
  const all = draws.flatMap(({ data }) => Array.from(data));
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...all)).toBeLessThan(1);
  const counts = [0, 0, 0, 0];
  for (const value of all) counts[Math.floor(4 * value)]!++;
  for (const count of counts) expect(Math.abs(count / all.length - 0.25)).toBeLessThan(0.06);
  expect(new Set(draws[0]!.data).size).toBe(space.sites.length);
});

test.each<[Relaxation, RegExp]>([
  [{ kind: 'sampled', exactStages: ['C5'] }, /received 'C5'.*have convolutions in the space.*C2/],
  [{ kind: 'partial-channels', outOf: 0 }, /received outOf 0.*one of so many channels.*at least 1/],
  [{ kind: 'sampled', estimator: 'reinmax', strips: 0.5 }, /received strips 0.5.*one of some strips of rows/],
  [{ kind: 'sampled', estimator: 'reinmax', strips: 2, images: 2 }, /images 2 and strips 2.*either/],
  [{ kind: 'sampled', strips: 2 }, /strips 2 with the estimator 'gdas'/],
  [{ kind: 'mixed' } as never, /received 'mixed'.*exact, sampled, partial-channels/],
])('%o is refused', (relaxation, message) => {
  expect(() => supernetConvolution(space, relaxation)).toThrow(message);
});

test('partial channels refuse grouped convolutions, which they would part', () => {
  const grouped = { ...space, sites: space.sites.map((site) => ({ ...site, groups: 2 })) };
  expect(() => supernetConvolution(grouped, { kind: 'partial-channels' })).toThrow(/2 groups.*not grouped/);
});

test('a space of another backbone is refused', () => {
  const wrong = { ...space, sites: space.sites.map((site) => ({ ...site, channels: 16 })) };
  expect(() => programOf(supernetConvolution(wrong, { kind: 'exact' }))).toThrow(/built on the backbone of its space/);
});
