import { boxesInImage, type Placement } from '../data/placement.js';
import type { Detections } from './detections.js';
import { pastedDetections, type UnpastedDetections } from './masked-detections.js';

/**
 * Detections on the canvas in pixels of the image that lies there, cut at its border; none is dropped. Masks are pasted into
 * the image itself, not into the canvas (torchvision's postprocess).
 */
export function detectionsOnImage(
  found: UnpastedDetections,
  placement: Placement,
  image: { readonly width: number; readonly height: number },
): Detections {
  const back = boxesInImage(found.boxes.flat(), placement);
  const boxes = found.boxes.map(
    (_, i) => [...back.subarray(i * 4, i * 4 + 4)] as unknown as [number, number, number, number],
  );
  return pastedDetections({ ...found, boxes }, image);
}
