import type { CascadeRcnnConfig } from './cascade-rcnn.js';
import type { FasterRcnnConfig } from './faster-rcnn.js';
import type { FcosConfig } from './fcos.js';
import type { MaskRcnnConfig } from './mask-rcnn.js';
import type { RetinanetConfig } from './retinanet.js';

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
