import type { CocoBox } from '../masks/coco-mask.js';

/**
 * Overlap of detections with objects, `[detections, objects]` row-major: intersection over union, and over the detection's
 * own area where the object is a crowd (pycocotools, bbIou in maskApi.c). Boxes are `[x, y, width, height]`.
 * @param crowd 1 for each object that is a crowd; default none
 */
export function cocoIou(
  detections: readonly CocoBox[],
  objects: readonly CocoBox[],
  crowd?: ArrayLike<number>,
): Float64Array {
  const columns = objects.length;
  const overlaps = new Float64Array(detections.length * columns);
  for (let g = 0; g < columns; g++) {
    const [gx, gy, gw, gh] = objects[g]!;
    const objectArea = gw * gh;
    for (let d = 0; d < detections.length; d++) {
      const [dx, dy, dw, dh] = detections[d]!;
      const width = Math.min(dw + dx, gw + gx) - Math.max(dx, gx);
      if (width <= 0) continue;
      const height = Math.min(dh + dy, gh + gy) - Math.max(dy, gy);
      if (height <= 0) continue;
      const intersection = width * height;
      const area = dw * dh;
      overlaps[d * columns + g] = intersection / (crowd?.[g] === 1 ? area : area + objectArea - intersection);
    }
  }
  return overlaps;
}
