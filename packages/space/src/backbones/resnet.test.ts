import { createScope, input, NatsError, sizeOf } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import {
  buildBackbone,
  buildClassifier,
  convolutionSites,
  demoResnet,
  isFrozen,
  resnetConfig,
  smallResnet,
  stageOutput,
  trainingNormalization,
  withOutputStride,
} from './index.js';

const image = (channels: number, size: number) => input('x', 'float32', ['N', channels, size, size]);

describe('backbones', () => {
  test('parameters are named as in torchvision', () => {
    const scope = createScope();
    buildClassifier(scope, image(3, 32), resnetConfig('resnet50'));
    const names = [...scope.spec.keys()];
    expect(names.slice(0, 6)).toEqual([
      'conv1.weight',
      'bn1.weight',
      'bn1.bias',
      'bn1.running_mean',
      'bn1.running_var',
      'layer1.0.conv1.weight',
    ]);
    expect(names).toContain('layer4.0.downsample.0.weight');
    expect(names).toContain('layer4.0.downsample.1.running_var');
    expect(names.slice(-2)).toEqual(['fc.weight', 'fc.bias']);
  });

  test('the padded identity has no parameters, the projection has', () => {
    const count = (shortcut: 'padding' | 'projection') => {
      const scope = createScope();
      buildClassifier(scope, image(3, 32), resnetConfig('resnet20', { shortcut }), { classes: 10 });
      const parameters = [...scope.spec.values()].filter((variable) => variable.kind === 'parameter');
      return parameters.reduce((sum, variable) => sum + sizeOf(variable.shape), 0);
    };
    // akamaster/pytorch_resnet_cifar10 reports 0.27 M; a projection adds two 1x1 convolutions and their norms.
    expect(count('padding')).toBe(269_722);
    expect(count('projection')).toBe(269_722 + 16 * 32 + 32 * 64 + 2 * (32 + 64));
  });

  test('the demonstration backbone has stages of stride 4, 8 and 8', () => {
    const backbone = buildBackbone(createScope(), image(1, 128), demoResnet());
    expect(backbone.outputs.map(({ name, stride, channels }) => [name, stride, channels])).toEqual([
      ['C2', 4, 32],
      ['C3', 8, 64],
      ['C4', 8, 64],
    ]);
    expect(backbone.stages.C4?.shape).toEqual(['N', 64, 16, 16]);
    expect(() => stageOutput(backbone, 'C5')).toThrow(NatsError);
  });

  test('an output stride is kept by dilation, as in torchvision', () => {
    const config = resnetConfig('resnet50', { outputStride: 8 });
    const sites = convolutionSites(config).filter((site) => site.blockIndex <= 1);
    expect(sites.map(({ name, stride, dilation }) => [name, stride, dilation])).toEqual([
      ['layer1.0.conv2', 1, 1],
      ['layer1.1.conv2', 1, 1],
      ['layer2.0.conv2', 2, 1],
      ['layer2.1.conv2', 1, 1],
      ['layer3.0.conv2', 1, 1],
      ['layer3.1.conv2', 1, 2],
      ['layer4.0.conv2', 1, 2],
      ['layer4.1.conv2', 1, 4],
    ]);
    expect(buildBackbone(createScope(), image(3, 64), config).outputs.map(({ stride }) => stride)).toEqual([
      4, 8, 8, 8,
    ]);
    expect(withOutputStride(resnetConfig('resnet50'), 32)).toEqual(resnetConfig('resnet50'));
    expect(() => withOutputStride(resnetConfig('resnet50'), 12)).toThrow('4, 8');
  });

  test('sites say where a convolution stands', () => {
    const sites = convolutionSites(resnetConfig('resnext50_32x4d'));
    expect(sites).toHaveLength(16);
    expect(sites[3]).toEqual({
      name: 'layer2.0.conv2',
      stage: 'C3',
      block: 'bottleneck',
      blockIndex: 0,
      position: 'center',
      inputChannels: 256,
      channels: 256,
      groups: 32,
      stride: 2,
      dilation: 1,
    });
    const positions = convolutionSites(smallResnet({ widths: [8, 16] })).map(({ name, position }) => [name, position]);
    expect(positions).toEqual([
      ['layer1.0.conv1', 'first'],
      ['layer1.0.conv2', 'second'],
      ['layer2.0.conv1', 'first'],
      ['layer2.0.conv2', 'second'],
    ]);
  });

  test('wrong configs and inputs are refused with their place', () => {
    expect(() => smallResnet({ widths: [8, 16], blocks: [1] })).toThrow('1 blocks');
    expect(() => smallResnet({ widths: [] })).toThrow('one to four stages');
    expect(() => smallResnet({ widths: [8.5] })).toThrow('whole numbers');
    expect(() => buildBackbone(createScope(), image(1, 32), resnetConfig('resnet18'))).toThrow(/resnet18.*3 channels/);
  });
});

test('frozen stages and norms', () => {
  const config = resnetConfig('resnet50');
  const freezing = { upTo: 'C2', norms: true } as const;
  const frozen = (name: string) => isFrozen(config, freezing, name, 'backbone.body');
  expect(frozen('backbone.body.conv1.weight')).toBe(true);
  expect(frozen('backbone.body.layer1.2.conv3.weight')).toBe(true);
  expect(frozen('backbone.body.layer2.0.conv1.weight')).toBe(false);
  expect(frozen('backbone.body.layer2.0.bn1.bias')).toBe(true);
  expect(frozen('backbone.body.layer2.0.downsample.1.weight')).toBe(true);
  expect(frozen('backbone.body.layer2.0.downsample.0.weight')).toBe(false);
  expect(frozen('backbone.body.fc.weight')).toBe(false);
  expect(frozen('head.bn1.weight')).toBe(false);
  expect(frozen('conv1.weight')).toBe(false);
  const mode = trainingNormalization(config, { upTo: 'stem', norms: false });
  expect([mode('bn1'), mode('layer1.0.bn1')]).toEqual(['running', 'batch']);
});
