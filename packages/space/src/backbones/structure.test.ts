import { batchNorm, convolution, createScope, input, NatsError, relu } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import {
  type BackboneConfig,
  backboneConfig,
  buildBackbone,
  convolutionSites,
  customBackbone,
  demoResnet,
  IMAGENET_STATISTICS,
  inputStatistics,
  isFrozen,
  isNorm,
  resnetConfig,
  type StagePlan,
  searchable,
  smallResnet,
  stageOf,
  stageStrides,
  withLastStage,
} from './index.js';

const parametersOf = (config: BackboneConfig) => {
  const scope = createScope();
  buildBackbone(scope, input('x', 'float32', ['N', config.inputChannels, 64, 64]), config);
  return [...scope.spec.keys()];
};

describe('stages', () => {
  const config = resnetConfig('resnet18');

  test('every parameter stands in the stem or in one stage', () => {
    expect(stageOf(config, 'conv1.weight')).toBe('stem');
    expect(stageOf(config, 'bn1')).toBe('stem');
    expect(stageOf(config, 'layer1.0.conv1.weight')).toBe('C2');
    expect(stageOf(config, 'layer4.0.downsample.1.running_var')).toBe('C5');
    expect(stageOf(config, 'fc.weight')).toBeUndefined();
    expect(parametersOf(config).filter((name) => stageOf(config, name) === undefined)).toEqual([]);
  });

  test('strides are those of the feature maps', () => {
    for (const backbone of [config, demoResnet(), resnetConfig('resnet50', { outputStride: 16 })]) {
      const { outputs } = buildBackbone(
        createScope(),
        input('x', 'float32', [1, backbone.inputChannels, 64, 64]),
        backbone,
      );
      for (const { name, features, stride } of outputs) {
        expect(stageStrides(backbone).get(name), name).toBe(stride);
        expect(features.shape[2], name).toBe(64 / stride);
      }
    }
  });

  test('after the last one nothing is built, searched or frozen', () => {
    const short = withLastStage(config, 'C4');
    expect([...stageStrides(short).keys()]).toEqual(['C2', 'C3', 'C4']);
    expect(parametersOf(short)).toEqual(parametersOf(config).filter((name) => !name.startsWith('layer4.')));
    expect(convolutionSites(short)).toEqual(convolutionSites(config).filter(({ stage }) => stage !== 'C5'));
    expect(stageOf(short, 'layer4.0.conv1.weight')).toBeUndefined();
    expect(withLastStage(config, 'C5')).toBe(config);
    expect(() => withLastStage(demoResnet(), 'C5')).toThrow(/demo-resnet.*C2, C3, C4/);
  });
});

test('norms are told from other layers, whatever they are', () => {
  for (const norm of [{ kind: 'batch' }, { kind: 'group', groups: 2 }] as const) {
    const config = smallResnet({ widths: [4, 8], norm });
    expect(isNorm(config, 'layer2.0.bn1.weight')).toBe(true);
    expect(isNorm(config, 'layer2.0.downsample.1')).toBe(true);
    expect(isNorm(config, 'layer2.0.downsample.0.weight')).toBe(false);
    expect(isNorm(config, 'layer2.0.conv1.weight')).toBe(false);
  }
});

test('input statistics are those of the config, or what weights of its kind expect', () => {
  expect(inputStatistics(resnetConfig('resnet50'))).toBe(IMAGENET_STATISTICS);
  expect(inputStatistics(resnetConfig('resnet50', { inputChannels: 1 }))).toEqual({ mean: [0.45], deviation: [0.225] });
  expect(inputStatistics(demoResnet())).toEqual({ mean: [0.3], deviation: [0.2] });
  const own = { mean: [0, 0, 0], deviation: [1, 1, 1] };
  expect(inputStatistics(resnetConfig('resnet18', { inputStatistics: own }))).toBe(own);
});

test('an unknown name is refused with the nearest, at run time too', () => {
  for (const make of [resnetConfig, backboneConfig] as const) {
    expect(() => make('resnet19' as 'resnet18')).toThrow(NatsError);
    expect(() => make('resnext50' as 'resnet18')).toThrow("'resnext50' (nearest: 'resnet50')");
  }
});

describe("a backbone of one's own", () => {
  const stage = (index: number, channels: number): StagePlan => ({
    stride: 2 ** (index + 1),
    build: (scope, x, context) => {
      const place = scope.child(`stage${index}`);
      const block = { ...context, block: 'custom', blockIndex: 0 } as const;
      const h = searchable(place.child('conv'), x, { channels, stride: 2 }, block);
      return relu(batchNorm(place.child('norm'), h));
    },
  });
  const config = customBackbone({
    name: 'two-stages',
    stem: (scope, x) => convolution(scope.child('patch'), x, { channels: 4, kernel: 3, padding: 1 }),
    stages: [stage(0, 8), stage(1, 16)],
  });

  test('has sites, stages and norms as the others', () => {
    expect(convolutionSites(config).map(({ name, stage, channels }) => [name, stage, channels])).toEqual([
      ['stage0.conv', 'C2', 8],
      ['stage1.conv', 'C3', 16],
    ]);
    const scope = createScope();
    const place = scope.child('backbone').child('body');
    const { outputs } = buildBackbone(place, input('x', 'float32', [1, 3, 16, 16]), config);
    expect(outputs.map(({ features }) => features.shape)).toEqual([
      [1, 8, 8, 8],
      [1, 16, 4, 4],
    ]);
    const freezing = { upTo: 'stem', norms: true } as const;
    expect([...scope.spec.keys()].filter((name) => !isFrozen(config, freezing, name, 'backbone.body'))).toEqual([
      'backbone.body.stage0.conv.weight',
      'backbone.body.stage1.conv.weight',
    ]);
  });

  test('is held to the strides that its stages say', () => {
    const wrong = customBackbone({ ...config, stages: [{ ...config.stages[0]!, stride: 4 }] });
    expect(() => buildBackbone(createScope(), input('x', 'float32', [1, 3, 16, 16]), wrong)).toThrow('two-stages, C2');
  });

  test('has one to four stages', () => {
    expect(() => customBackbone({ ...config, stages: [] })).toThrow(/two-stages.*received 0.*one to four stages/);
  });
});
