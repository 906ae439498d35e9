import { demoResnet } from '@nats/space';
import { type FasterRcnnConfig, fasterRcnnConfig } from './faster-rcnn.js';
import { type MaskRcnnConfig, maskRcnnConfig } from './mask-rcnn.js';

/**
 * Faster R-CNN of the size of `demoDetectorConfig`, on the same backbone and pyramid: anchors of 12 to 72 pixels, few
 * proposals, a narrow box head. Both levels have stride 8; the coarser answers for boxes from 32 pixels on.
 */
export function demoFasterRcnnConfig(options: Partial<Omit<FasterRcnnConfig, 'kind'>> = {}): FasterRcnnConfig {
  return fasterRcnnConfig({
    backbone: demoResnet(),
    inputSize: [128, 128],
    classes: 10,
    stages: ['C3', 'C4'],
    pyramid: { channels: 64, extra: 'none' },
    anchors: [
      { sizes: [12, 20], aspectRatios: [1, 1.8] },
      { sizes: [36, 64], aspectRatios: [1, 1.8] },
    ],
    rpnNorm: { kind: 'batch' },
    rpnSampler: { size: 128, foregroundShare: 0.5 },
    trainingProposals: { candidatesPerLevel: 200, iouThreshold: 0.7, maxProposals: 100 },
    proposals: { candidatesPerLevel: 200, iouThreshold: 0.7, maxProposals: 60 },
    boxSampler: { size: 32, foregroundShare: 0.25 },
    boxPool: { size: 7, samplingRatio: 2, boundaries: [32] },
    representationSize: 128,
    maxCandidates: 200,
    ...options,
  });
}

/**
 * The same with a mask head: masks of 28 x 28 pixels, two narrow convolutions, masks for the best 30 detections. Its data
 * is MNIST-detection with `masks`.
 */
export function demoMaskRcnnConfig(options: Partial<Omit<MaskRcnnConfig, 'kind'>> = {}): MaskRcnnConfig {
  return maskRcnnConfig({
    ...demoFasterRcnnConfig(),
    maskPool: { size: 14, samplingRatio: 2, boundaries: [32] },
    maskChannels: 32,
    maskDepth: 2,
    detection: { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 30 },
    ...options,
  });
}
