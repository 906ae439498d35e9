import { checkSameSize, maskArea, maskBox, type RleMask, walkTogether } from '../masks/rle-mask.js';
import { cocoIou } from './coco-iou.js';

/**
 * Overlap of detections with objects, `[detections, objects]` row-major: intersection over union of the masks' pixels, and
 * over the detection's own pixels where the object is a crowd (pycocotools, rleIou in maskApi.c).
 * @param crowd 1 for each object that is a crowd; default none
 * @throws NatsError `shape` for masks of different sizes
 */
export function maskOverlaps(
  detections: readonly RleMask[],
  objects: readonly RleMask[],
  crowd?: ArrayLike<number>,
): Float64Array {
  // Masks whose boxes do not meet have nothing in common.
  const overlaps = cocoIou(detections.map(maskBox), objects.map(maskBox));
  for (const [d, detection] of detections.entries()) {
    for (const [g, object] of objects.entries()) {
      checkSameSize(detection, object);
      const at = d * objects.length + g;
      if (overlaps[at]! > 0) overlaps[at] = maskOverlap(detection, object, crowd?.[g] === 1);
    }
  }
  return overlaps;
}

function maskOverlap(detection: RleMask, object: RleMask, crowd: boolean): number {
  let intersection = 0;
  let union = 0;
  walkTogether(detection.runs, object.runs, (length, inDetection, inObject) => {
    if (inDetection && inObject) intersection += length;
    if (inDetection || inObject) union += length;
  });
  if (intersection === 0) return 0;
  return intersection / (crowd ? maskArea(detection) : union);
}
