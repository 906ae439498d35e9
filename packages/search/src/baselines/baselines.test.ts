import { createScope, initialize, input, tensorData } from '@nats/graph';
import { buildBackbone, resnetConfig, searchSpace } from '@nats/space';
import { expect, test } from 'vitest';
import { network, space } from '../../test/planted.js';
import { edoConvolution, edoInitial, edoScheme } from './edo.js';
import { cyclicScheme, histogramOf, randomScheme, uniformScheme } from './fixed-schemes.js';
import { pathLevelSpace } from './path-level.js';

const TOOL = { tool: { name: 'test', version: '0' } };
const grouped = searchSpace(resnetConfig('resnext50_32x4d'), {
  genotypes: [
    [1, 1],
    [2, 2],
  ],
  division: { groups: 4 },
  sites: { stages: ['C2'] },
});

test('uniform and cyclic', () => {
  expect([...uniformScheme(space, [2, 2], TOOL).convolutions.get('layer1.0.conv1')!]).toEqual(new Array(8).fill(1));
  expect([...cyclicScheme(space, TOOL).convolutions.get('layer1.0.conv2')!]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
  expect([
    ...cyclicScheme(space, TOOL, [
      [1, 1],
      [3, 3],
    ]).convolutions.get('layer1.0.conv2')!,
  ]).toEqual([0, 2, 0, 2, 0, 2, 0, 2]);
  expect(() => uniformScheme(space, [4, 4], TOOL)).toThrow(
    /received 4x4.*a genotype is one of the space.*1x1, 2x2, 3x3/,
  );
});

test('channels of one group of a grouped convolution stay together', () => {
  const choice = cyclicScheme(grouped, TOOL).convolutions.get('layer1.0.conv2')!;
  expect([...choice.subarray(0, 12)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]);
});

test('random keeps the histogram, and depends on its seed', () => {
  const given = new Map(space.sites.map(({ name }) => [name, [4, 3, 1]]));
  const schemes = [1, 2, 3, 4].map((seed) => randomScheme(space, given, seed, TOOL));
  for (const scheme of schemes) expect(histogramOf(scheme)).toEqual(given);
  expect(new Set(schemes.map((scheme) => scheme.convolutions.get('layer1.0.conv1')!.join())).size).toBeGreaterThan(1);
  expect(randomScheme(space, given, 3, TOOL)).toEqual(schemes[2]);
  expect(() => randomScheme(space, new Map([['layer1.0.conv1', [8, 1, 0]]]), 1, TOOL)).toThrow(
    /8 channels in units of 1/,
  );
});

test('path level chooses once for each convolution', () => {
  const path = pathLevelSpace(space);
  expect(path.sites.map(({ channelGroups }) => channelGroups)).toEqual([1, 1]);
  expect(path.log10Size).toBeCloseTo(2 * Math.log10(3), 12);
});

test('EDO starts from the pretrained network and is decoded by its kernels', () => {
  const scopes = [edoConvolution(space), undefined].map((convolution) => {
    const scope = createScope();
    buildBackbone(scope, input('x', 'float32', [1, 2, 9, 9]), network, convolution ? { convolution } : {});
    return scope;
  });
  const pretrained = initialize(scopes[1]!.spec, 3);
  const initial = edoInitial(pretrained, scopes[0]!.spec);
  expect([...initial.keys()].sort()).toEqual([...scopes[0]!.spec.keys()].sort());
  const kernel = initial.get('layer1.0.conv1.dense_kernel')!;
  expect(kernel.shape).toEqual([8, 8, 7, 7]);
  expect(kernel.data.subarray(2 * 7 + 2, 2 * 7 + 5)).toEqual(
    pretrained.get('layer1.0.conv1.weight')!.data.subarray(0, 3),
  );
  expect([...edoScheme(space, initial, '', TOOL).convolutions.get('layer1.0.conv1')!]).toEqual(new Array(8).fill(0));
  const wide = new Float32Array(8 * 8 * 49);
  for (let o = 0; o < 8; o++) wide[o * 8 * 49 + (o < 4 ? 0 : 1 * 7 + 1)] = 1;
  initial.set('layer1.0.conv1.dense_kernel', tensorData('float32', [8, 8, 7, 7], wide));
  expect([...edoScheme(space, initial, '', TOOL).convolutions.get('layer1.0.conv1')!]).toEqual([
    2, 2, 2, 2, 1, 1, 1, 1,
  ]);
});
