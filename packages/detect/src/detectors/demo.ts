import { demoResnet, smallResnet } from '@nats/space';
import { type FcosConfig, fcosConfig } from './fcos.js';

/**
 * A detector of demonstration size: small enough to be trained in a minute or two on a CPU. Anchor-free, two pyramid
 * levels of stride 8 (one for small objects, one for large), one convolution in each tower, batch norm, and the IoU as
 * quality. The backbone is shallow: its receptive field is smaller than the largest digits. The detector's, 119 pixels,
 * is not; one pixel of prediction kernel and no smoothing make it 87 (`nats demo`), and dilation has something to add.
 */
export function demoDetectorConfig(options: Partial<Omit<FcosConfig, 'kind'>> = {}): FcosConfig {
  return fcosConfig({
    backbone: demoResnet(),
    inputSize: [128, 128],
    classes: 10,
    stages: ['C3', 'C4'],
    pyramid: { channels: 64, extra: 'none' },
    ranges: [
      [0, 24],
      [24, null],
    ],
    points: 'center',
    headDepth: 1,
    headNorm: { kind: 'batch' },
    distance: 'exp',
    quality: 'iou',
    candidatesPerLevel: 200,
    ...options,
  });
}

/**
 * The same with about a million parameters: two blocks in each stage, the last one with 128 channels. Its receptive field
 * covers the image, so that a dilation has less to add; about four times the time a step.
 */
export function deepDemoDetectorConfig(options: Partial<Omit<FcosConfig, 'kind'>> = {}): FcosConfig {
  return demoDetectorConfig({
    backbone: smallResnet({
      name: 'deep-demo-resnet',
      inputChannels: 1,
      widths: [32, 64, 128],
      blocks: [2, 2, 3],
      strides: [2, 2, 1],
      stem: { channels: 16 },
    }),
    ...options,
  });
}
