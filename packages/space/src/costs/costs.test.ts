import { readFileSync } from 'node:fs';
import { createProgram, createScope, input, sizeOf } from '@nats/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { configsWithSchemes, PROVENANCE } from '../../test/arbitraries.js';
import { stateDigest } from '../../test/state-digest.js';
import { uniformScheme } from '../../test/uniform-scheme.js';
import {
  BACKBONE_NAMES,
  backboneConfig,
  buildBackbone,
  buildClassifier,
  isBackboneName,
  type ResnetName,
  resnetConfig,
  smallResnet,
} from '../backbones/index.js';
import { createScheme } from '../scheme/scheme.js';
import { backboneCosts } from './backbone-costs.js';
import { programCosts } from './costs.js';

interface Published {
  readonly size: number;
  readonly models: Readonly<
    Record<string, { parameters: number; macs: number; publishedGigaMacs: number; stateDigest: string }>
  >;
}
const { size, models } = JSON.parse(
  readFileSync(new URL('../../test/fixtures/torchvision.json', import.meta.url), 'utf8'),
) as Published;

describe.each(Object.entries(models))('%s', (name, expected) => {
  if (!isBackboneName(name)) throw new Error(`no such backbone: ${name}`);
  const config = backboneConfig(name);
  const costs = backboneCosts(config, { size: [size, size], classes: 1000 });

  test("has torchvision's parameters, to the last one, and its multiply-adds", () => {
    expect(costs.parameters).toBe(expected.parameters);
    expect(costs.macs).toBe(expected.macs);
    expect((costs.macs / 1e9).toFixed(3)).toBe(expected.publishedGigaMacs.toFixed(3));
  });

  test("has torchvision's names, shapes and order", () => {
    const scope = createScope();
    buildClassifier(scope, input('x', 'float32', ['N', 3, 64, 64]), config);
    expect(stateDigest(scope.spec)).toBe(expected.stateDigest);
  });
});

test('every listed ImageNet network is compared', () => {
  const cifar = ['resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110'];
  const compared = BACKBONE_NAMES.filter((name) => !cifar.includes(name));
  expect(Object.keys(models).sort()).toEqual([...compared].sort());
});

test('CIFAR ResNets have the parameters that their paper lists (Table 6 of He et al. 2016)', () => {
  const millions = (name: ResnetName) =>
    (backboneCosts(resnetConfig(name), { size: [32, 32], classes: 10 }).parameters / 1e6).toFixed(2);
  expect((['resnet20', 'resnet32', 'resnet44', 'resnet56'] as const).map(millions)).toEqual([
    '0.27',
    '0.46',
    '0.66',
    '0.85',
  ]);
  expect(Number(millions('resnet110'))).toBeCloseTo(1.7, 1);
});

test('a scheme changes neither parameters nor multiply-adds nor layer outputs', () => {
  fc.assert(
    fc.property(configsWithSchemes, ({ config, scheme }) => {
      const plain = backboneCosts(config, { size: [12, 9] });
      const chosen = backboneCosts(config, { size: [12, 9], scheme });
      const compared = ({ layers }: typeof plain) => layers.map(({ receptiveField: _, ...layer }) => layer);
      expect(compared(chosen)).toEqual(compared(plain));
      expect([chosen.parameters, chosen.macs]).toEqual([plain.parameters, plain.macs]);
    }),
    { numRuns: 50 },
  );
});

describe('receptive field', () => {
  const field = (name: 'resnet18' | 'resnet50', layer: string) =>
    backboneCosts(resnetConfig(name), { size: [64, 64] }).layers.find((row) => row.name === layer)?.receptiveField;

  test('of known networks, added up independently', () => {
    expect(field('resnet18', 'conv1')).toEqual([7, 7]);
    // 7x7 stride 2, pool 3x3 stride 2: 11; each 3x3 at step 4 adds 8.
    expect(field('resnet18', 'layer1.0.conv1')).toEqual([19, 19]);
    // 11 + 4 * 8 + (8 + 3 * 16) + (16 + 3 * 32) + (32 + 3 * 64)
    expect(field('resnet18', 'layer4.1.conv2')).toEqual([435, 435]);
    // 11 + 3 * 8 + (8 + 3 * 16) + (16 + 5 * 32) + (32 + 2 * 64)
    expect(field('resnet50', 'layer4.2.conv3')).toEqual([427, 427]);
  });

  test('grows with dilation, axis by axis, by the largest genotype of a layer', () => {
    const config = smallResnet({ widths: [4], stem: { stride: 1 } });
    const at = (choice: number[]) => {
      const scheme = createScheme({
        backbone: config.name,
        genotypes: [
          [1, 1],
          [2, 1],
          [1, 3],
        ],
        convolutions: [['layer1.0.conv2', choice]],
        provenance: PROVENANCE,
      });
      return backboneCosts(config, { size: [16, 16], scheme }).receptiveField;
    };
    expect(at([0, 0, 0, 0])).toEqual([7, 7]);
    expect(at([0, 0, 0, 1])).toEqual([9, 7]);
    expect(at([2, 0, 1, 1])).toEqual([9, 11]);
  });

  test('a convolution dilated in place of a stride sees as far as the strided network', () => {
    const strided = backboneCosts(resnetConfig('resnet50'), { size: [64, 64] });
    const dilated = backboneCosts(resnetConfig('resnet50', { outputStride: 8 }), { size: [64, 64] });
    expect(dilated.receptiveField).toEqual(strided.receptiveField);
    expect(dilated.macs).toBeGreaterThan(strided.macs);
  });
});

test('rows and memory of a small network, worked out', () => {
  const config = smallResnet({ widths: [2], inputChannels: 1, stem: { stride: 1 }, strides: [2] });
  const scope = createScope();
  const x = input('x', 'float32', [1, 1, 8, 8]);
  const { stages } = buildBackbone(scope, x, config);
  const costs = programCosts(createProgram({ outputs: { y: stages.C2! } }), scope.spec);
  expect(
    costs.layers.map(({ name, kind, parameters, macs, output }) => [name, kind, parameters, macs, output]),
  ).toEqual([
    ['conv1', 'convolution', 18, 18 * 64, [2, 8, 8]],
    ['bn1', 'other', 4, 0, [2, 8, 8]],
    ['layer1.0.conv1', 'convolution', 36, 36 * 16, [2, 4, 4]],
    ['layer1.0.bn1', 'other', 4, 0, [2, 4, 4]],
    ['layer1.0.conv2', 'convolution', 36, 36 * 16, [2, 4, 4]],
    ['layer1.0.bn2', 'other', 4, 0, [2, 4, 4]],
    ['layer1.0.downsample.0', 'convolution', 4, 4 * 16, [2, 4, 4]],
    ['layer1.0.downsample.1', 'other', 4, 0, [2, 4, 4]],
  ]);
  expect(costs.activationBytes).toBe(4 * (2 * 128 + 6 * 32));
  // In the stem one op reads a map of 2 x 8 x 8 and writes another; all else is smaller.
  expect(costs.peakActivationBytes).toBe(4 * (128 + 128));
  expect(costs.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(
    [...scope.spec.values()]
      .filter(({ kind }) => kind === 'parameter')
      .reduce((sum, { shape }) => sum + sizeOf(shape), 0),
  );
});

test('a uniform scheme of another network is refused', () => {
  const scheme = uniformScheme(resnetConfig('resnet18'), [2, 2], PROVENANCE);
  expect(() => backboneCosts(resnetConfig('resnet50'), { size: [64, 64], scheme })).toThrow('layer1.0.conv1');
});
