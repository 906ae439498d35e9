import { demoResnet } from '@nats/space';
import { type FcosConfig, fcosConfig } from './fcos.js';

/**
 * The detector of the demonstration: small enough to be trained in a minute or two on a CPU. Anchor-free, two pyramid
 * levels of stride 8 (one for small objects, one for large), one convolution in each tower, batch norm, and the IoU as
 * quality. The backbone is shallow: its receptive field is smaller than the largest digits, which is the condition
 * under which dilation can help.
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
    points: 'middle',
    headDepth: 1,
    headNorm: { kind: 'batch' },
    distance: 'exp',
    quality: 'iou',
    candidatesPerLevel: 200,
    ...options,
  });
}
