import type { DetectionSample } from '../data/detection-sample.js';
import { boxesOnCanvas, type CanvasSize, letterbox, type Placement, placeImage } from '../data/placement.js';
import { cutObjects, movedMasks, type Random } from './objects.js';

/** What images are placed on in augmentation. */
export interface Canvas {
  readonly size: CanvasSize;
  /** Brightness of what no image covers. */
  readonly padValue: number;
}

/** Objects of which less is left in the picture are no longer training targets. */
export const MIN_VISIBLE = 0.3;

/** The image on a canvas, and its objects; those that leave it are cut, and go if less than `MIN_VISIBLE` is left. */
export function placeSample(
  sample: DetectionSample,
  placement: Placement,
  { size, padValue }: Canvas,
): DetectionSample & { readonly placement: Placement } {
  const placed = {
    boxes: boxesOnCanvas(sample.boxes, placement),
    labels: sample.labels,
    ...movedMasks(sample, placement),
  };
  const objects = cutObjects(placed, [0, 0, size[1], size[0]], MIN_VISIBLE);
  return { ...placeImage(sample, placement, size, padValue), ...objects, placement };
}

/**
 * Scale jitter (Ghiasi et al. 2021, "Simple copy-paste", appendix; torchvision's ScaleJitter and FixedSizeCrop in one
 * resize): the letterbox's size times a factor log-uniform in `range`, at a random place of the canvas, or a random part
 * of the image if it is larger.
 */
export function jitterScale(
  sample: DetectionSample,
  random: Random,
  range: readonly [number, number],
  canvas: Canvas,
): DetectionSample & { readonly placement: Placement } {
  const zoom = range[0] * (range[1] / range[0]) ** random(0);
  const placement = letterbox(sample, canvas.size, zoom);
  const place = (room: number, n: number) => {
    // Free room, or negative: what does not fit.
    const shift = Math.floor(random(n) * (Math.abs(room) + 1));
    return room < 0 ? -shift : shift;
  };
  return placeSample(
    sample,
    { ...placement, x: place(canvas.size[1] - placement.width, 1), y: place(canvas.size[0] - placement.height, 2) },
    canvas,
  );
}
