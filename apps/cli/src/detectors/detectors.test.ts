import { fasterRcnnConfig, fcosConfig, retinanetConfig } from '@nats/detect';
import { resnetConfig } from '@nats/space';
import { expect, test } from 'vitest';
import { DETECTOR_KINDS, detectorConfigOf, detectorSchema } from './index.js';

const backbone = resnetConfig('resnet50');
const context = { backbone, classes: 20 };
const build = (settings: Record<string, unknown>, own = context) =>
  detectorConfigOf(detectorSchema.parse({ inputSize: [320, 320], ...settings }), own);
const torchvision = { backbone, inputSize: [320, 320], classes: 20 } as const;

test('the defaults are those of the papers and of torchvision', () => {
  expect(build({ kind: 'retinanet' })).toEqual(retinanetConfig(torchvision));
  expect(build({ kind: 'faster-rcnn' })).toEqual(fasterRcnnConfig(torchvision));
  const paper = { points: 'middle', distance: 'exp' } as const;
  expect(build({ kind: 'fcos' })).toEqual(fcosConfig({ ...torchvision, ...paper }));
});

test('anchors and ranges follow the strides of the backbone', () => {
  const small = { backbone: resnetConfig('resnet20'), classes: 2 };
  expect(build({ kind: 'retinanet' }, small)).toMatchObject({
    stages: ['C4'],
    anchors: [{ sizes: [16, 20, 25] }, { sizes: [32, 40, 50] }, { sizes: [64, 80, 101] }],
  });
  expect(build({ kind: 'fcos', extra: 'none', stages: ['C3', 'C4'] }, small)).toMatchObject({
    ranges: [
      [0, 16],
      [16, null],
    ],
  });
  expect(build({ kind: 'faster-rcnn' }, small)).toMatchObject({
    stages: ['C4'],
    anchors: [{ sizes: [32] }, { sizes: [64] }],
  });
});

test.each(DETECTOR_KINDS)('%s refuses settings of others', (kind) => {
  expect(detectorSchema.safeParse({ kind, sizes: [1] }).success).toBe(false);
});
