import type { DecodedImage } from './decoded-image.js';
import type { ObjectMask } from './object-mask.js';

/** A decoded image and the objects in it. */
export interface DetectionSample extends DecodedImage {
  /** x1, y1, x2, y2 of each object in pixels, right and bottom side exclusive: x2 - x1 is the width. */
  readonly boxes: Float32Array;
  /** Number of the class of each object. */
  readonly labels: Int32Array;
  /** Mask of each object, for detectors that give masks. */
  readonly masks?: readonly ObjectMask[];
}
