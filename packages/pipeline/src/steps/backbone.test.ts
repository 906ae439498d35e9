import { detectorConfigOf } from '@nats/detect';
import { BACKBONE_NAMES, CIFAR10_STATISTICS, IMAGENET_STATISTICS, inputStatistics } from '@nats/space';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { backboneConfigOf } from './backbone.js';
import { searchedBackbone, spaceOf } from './task.js';

const configOf = (value: object) => parseConfig(value, 'nats.config.json');

test.each(BACKBONE_NAMES)('%s can be named in a config, and has a space', (name) => {
  const config = configOf({ backbone: { name } });
  expect(backboneConfigOf(config.backbone).name).toBe(name);
  expect(spaceOf(config, searchedBackbone(config)).backbone).toBe(name);
});

describe.each(['regnet_y_400mf', 'regnet_x_800mf', 'mobilenet_v2'])('%s', (name) => {
  test.each(['fcos', 'retinanet', 'faster-rcnn', 'cascade-rcnn', 'mask-rcnn'])(
    '%s stands on the stages of its papers',
    (kind) => {
      const config = configOf({ backbone: { name }, detector: { kind } });
      const built = detectorConfigOf(config.detector, { backbone: backboneConfigOf(config.backbone), classes: 2 });
      const oneStage = kind === 'fcos' || kind === 'retinanet';
      expect(built.stages).toEqual(oneStage ? ['C3', 'C4', 'C5'] : ['C2', 'C3', 'C4', 'C5']);
    },
  );

  test('refuses what only ResNets have, by the key', () => {
    expect(() => configOf({ backbone: { name, outputStride: 16 } })).toThrow(/backbone\.outputStride.*only ResNets/s);
  });
});

test('a search goes no further than the detector looks', () => {
  const config = configOf({ backbone: { name: 'mobilenet_v2' }, detector: { kind: 'fcos', stages: ['C3', 'C4'] } });
  const stages = new Set(spaceOf(config, searchedBackbone(config)).sites.map(({ stage }) => stage));
  expect([...stages]).toEqual(['C2', 'C3', 'C4']);
});

test("pixels are normalized as the backbone's weights expect, unless the config says otherwise", () => {
  const statistics = (backbone: object) => inputStatistics(backboneConfigOf(configOf({ backbone }).backbone));
  expect(statistics({ name: 'regnet_x_400mf' })).toEqual(IMAGENET_STATISTICS);
  expect(statistics({ name: 'resnet20', pixels: 'cifar10' })).toEqual(CIFAR10_STATISTICS);
  expect(statistics({ name: 'demo-resnet' })).toEqual({ mean: [0.3], deviation: [0.2] });
  const own = { mean: [0, 0, 0], deviation: [1, 1, 1] };
  expect(statistics({ name: 'mobilenet_v2', pixels: own })).toEqual(own);
  expect(() => statistics({ name: 'mobilenet_v2', pixels: { mean: [0], deviation: [1] } })).toThrow('pixels');
});
