import { boxesInImage, type Placement } from '../data/placement.js';
import type { Detections } from './detections.js';

/** Detections on the canvas in pixels of the image that lies there, cut at its border; none is dropped. */
export function detectionsOnImage(
  { boxes, scores, labels }: Detections,
  placement: Placement,
  image: { readonly width: number; readonly height: number },
): Detections {
  const back = boxesInImage(boxes.flat(), placement);
  const inside = (value: number, limit: number) => Math.max(0, Math.min(value, limit));
  return {
    boxes: boxes.map((_, i) => [
      inside(back[i * 4]!, image.width),
      inside(back[i * 4 + 1]!, image.height),
      inside(back[i * 4 + 2]!, image.width),
      inside(back[i * 4 + 3]!, image.height),
    ]),
    scores,
    labels,
  };
}
