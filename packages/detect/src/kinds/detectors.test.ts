import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createScope, input } from '@nats/graph';
import { demoResnet, resnetConfig } from '@nats/space';
import { expect, test } from 'vitest';
import {
  cascadeRcnnConfig,
  demoFasterRcnnConfig,
  demoMaskRcnnConfig,
  fasterRcnnConfig,
  fcosConfig,
  maskRcnnConfig,
  retinanetConfig,
} from '../detectors/index.js';
import { buildDetector, DETECTOR_KINDS, detectorConfigOf, detectorSchema } from './index.js';
import type { DetectorContext } from './kind.js';

const backbone = resnetConfig('resnet50');
const context = { backbone, classes: 20 };
const build = (settings: Record<string, unknown>, own: DetectorContext = context) =>
  detectorConfigOf(detectorSchema.parse({ inputSize: [320, 320], ...settings }), own);
const images = input('images', 'float32', [1, 3, 64, 64]);
const targets = { boxes: input('boxes', 'float32', [1, 2, 4]), labels: input('labels', 'int32', [1, 2]) };
const torchvision = { backbone, inputSize: [320, 320], classes: 20 } as const;

test('the defaults are those of the papers and of torchvision', () => {
  expect(build({ kind: 'retinanet' })).toEqual(retinanetConfig(torchvision));
  expect(build({ kind: 'faster-rcnn' })).toEqual(fasterRcnnConfig(torchvision));
  expect(build({ kind: 'cascade-rcnn' })).toEqual(cascadeRcnnConfig(torchvision));
  expect(build({ kind: 'mask-rcnn' })).toEqual(maskRcnnConfig(torchvision));
  const paper = { points: 'center', distance: 'exp' } as const;
  expect(build({ kind: 'fcos' })).toEqual(fcosConfig({ ...torchvision, ...paper }));
});

test('a pyramid without smoothing and predictions of one pixel can be said in a config', () => {
  const config = build({ kind: 'fcos', smoothing: false, predictionKernel: 1 });
  expect(config).toMatchObject({ pyramid: { smoothing: false }, predictionKernel: 1 });
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

test("the demonstration's two-stage detectors can be said in a config, and how they suppress is said elsewhere", () => {
  const file = join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'two-stage.config.json');
  const { kind, ...settings } = JSON.parse(readFileSync(file, 'utf8')).detector;
  const small = { backbone: demoResnet(), classes: 10 };
  expect(build({ kind, ...settings }, small)).toEqual(demoFasterRcnnConfig());
  const detection = { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 30 };
  const masks = { kind: 'mask-rcnn', ...settings, maskChannels: 32, maskDepth: 2 };
  expect(build(masks, { ...small, detection })).toEqual(demoMaskRcnnConfig());
});

test.each(DETECTOR_KINDS)('%s refuses settings of others', (kind) => {
  expect(detectorSchema.safeParse({ kind, sizes: [1] }).success).toBe(false);
});

test('detectors of a small backbone follow its strides without being told, and refuse stages that it lacks', () => {
  const small = { backbone: resnetConfig('resnet20'), inputSize: [64, 64], classes: 2 } as const;
  expect(fcosConfig(small)).toMatchObject({
    stages: ['C4'],
    ranges: [
      [0, 32],
      [32, 64],
      [64, null],
    ],
  });
  expect(retinanetConfig(small).anchors).toHaveLength(3);
  for (const config of [fcosConfig(small), retinanetConfig(small), fasterRcnnConfig(small), maskRcnnConfig(small)]) {
    expect(() => buildDetector(config).loss(createScope(), images, targets)).not.toThrow();
  }
  for (const make of [fcosConfig, retinanetConfig, fasterRcnnConfig, cascadeRcnnConfig]) {
    expect(() => make({ ...small, stages: ['C5'] })).toThrow(/stages: received 'C5'.*resnet20 has C2, C3, C4/);
  }
});

test('an unknown kind is refused with those that there are', () => {
  const unknown = { ...fcosConfig(torchvision), kind: 'yolo' } as unknown as Parameters<typeof buildDetector>[0];
  expect(() => buildDetector(unknown)).toThrow(/kind: received "yolo".*retinanet, fcos, faster-rcnn/);
});
