import { NatsError } from '@nats/graph';
import { type CascadeRcnnConfig, cascadeRcnn } from './cascade-rcnn.js';
import type { Detector } from './detector.js';
import { type FasterRcnnConfig, fasterRcnn } from './faster-rcnn.js';
import { type FcosConfig, fcos } from './fcos.js';
import { type MaskRcnnConfig, maskRcnn } from './mask-rcnn.js';
import { type RetinanetConfig, retinanet } from './retinanet.js';

export * from './cascade-rcnn.js';
export * from './demo.js';
export * from './demo-two-stage.js';
export * from './detector.js';
export * from './faster-rcnn.js';
export * from './fcos.js';
export * from './mask-rcnn.js';
export { detectorBackbone } from './pyramid-features.js';
export * from './retinanet.js';
export * from './two-stage.js';

/** A detector as plain data: what configs, checkpoints and exported files hold. */
export type DetectorConfig = RetinanetConfig | FcosConfig | FasterRcnnConfig | CascadeRcnnConfig | MaskRcnnConfig;

/** @throws NatsError `attribute` for a kind that is not known */
export function buildDetector(config: DetectorConfig): Detector {
  switch (config.kind) {
    case 'retinanet':
      return retinanet(config);
    case 'fcos':
      return fcos(config);
    case 'faster-rcnn':
      return fasterRcnn(config);
    case 'cascade-rcnn':
      return cascadeRcnn(config);
    case 'mask-rcnn':
      return maskRcnn(config);
    default:
      throw new NatsError('attribute', {
        rule: "a detector's kind is one that is known",
        received: JSON.stringify((config as { kind: unknown }).kind),
        limit: 'retinanet, fcos, faster-rcnn, cascade-rcnn, mask-rcnn',
      });
  }
}
