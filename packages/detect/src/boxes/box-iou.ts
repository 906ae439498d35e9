import { add, divide, maximum, minimum, multiply, reshape, sliceAxis, subtract, type Tensor } from '@nats/graph';

/** The four columns of boxes `[…, 4]` (x1, y1, x2, y2), each `[…, 1]`. */
export function boxColumns(boxes: Tensor): readonly [Tensor, Tensor, Tensor, Tensor] {
  const column = (i: number) => sliceAxis(boxes, -1, i, i + 1);
  return [column(0), column(1), column(2), column(3)];
}

/** Area of boxes `[…, 4]`, `[…, 1]`; negative for inverted boxes, 0 for empty ones. */
export function boxArea(boxes: Tensor): Tensor {
  const [x1, y1, x2, y2] = boxColumns(boxes);
  return multiply(subtract(x2, x1), subtract(y2, y1));
}

/** Keeps a quotient finite where both of its terms are 0. */
export const TINY = 1e-9;

/**
 * Intersection over union of every anchor with every ground-truth box of each image.
 * @param anchors `[A, 4]` or `[B, A, 4]`, absolute x1, y1, x2, y2
 * @param boxes `[B, M, 4]`
 * @returns `[B, A, M]`, 0 to 1; 0 for an empty pair
 */
export function boxIou(anchors: Tensor, boxes: Tensor): Tensor {
  const [b, m] = boxes.shape as [number, number];
  const a = anchors.shape.at(-2) as number;
  const left = anchors.shape.length === 2 ? [1, a, 1] : [b, a, 1];
  const [ax1, ay1, ax2, ay2] = boxColumns(anchors).map((x) => reshape(x, left));
  const [bx1, by1, bx2, by2] = boxColumns(boxes).map((x) => reshape(x, [b, 1, m]));
  const width = maximum(subtract(minimum(ax2!, bx2!), maximum(ax1!, bx1!)), 0);
  const height = maximum(subtract(minimum(ay2!, by2!), maximum(ay1!, by1!)), 0);
  const intersection = multiply(width, height);
  const areas = add(reshape(boxArea(anchors), left), reshape(boxArea(boxes), [b, 1, m]));
  return divide(intersection, maximum(subtract(areas, intersection), TINY));
}
