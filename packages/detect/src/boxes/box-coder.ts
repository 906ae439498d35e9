import { add, concat, divide, exp, log, maximum, minimum, multiply, subtract, type Tensor } from '@nats/graph';
import { boxColumns } from './box-iou.js';

/** Weights of dx, dy, dw, dh: (1, 1, 1, 1) in RetinaNet and the RPN, (10, 10, 5, 5) in Faster R-CNN's box head. */
export type CoderWeights = readonly [number, number, number, number];

const UNIT_WEIGHTS: CoderWeights = [1, 1, 1, 1];

/** Largest log scale that is decoded: log(1000 / 16), a box 62.5 times as large as its anchor (torchvision, Detectron). */
const MAXIMUM_LOG_SCALE = Math.log(1000 / 16);

interface CenterSize {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly width: Tensor;
  readonly height: Tensor;
}

function centerSize(boxes: Tensor): CenterSize {
  const [x1, y1, x2, y2] = boxColumns(boxes);
  const [width, height] = [subtract(x2, x1), subtract(y2, y1)];
  return { x: add(x1, multiply(width, 0.5)), y: add(y1, multiply(height, 0.5)), width, height };
}

/**
 * Offsets that turn anchors into boxes (Girshick et al. 2014, R-CNN, appendix C): center shift in anchor sizes, log scale.
 * @param boxes `[…, 4]` x1, y1, x2, y2 with positive sides
 * @param anchors broadcasts against `boxes`
 * @returns `[…, 4]` dx, dy, dw, dh times the weights
 */
export function encodeBoxes(boxes: Tensor, anchors: Tensor, weights: CoderWeights = UNIT_WEIGHTS): Tensor {
  const [box, anchor] = [centerSize(boxes), centerSize(anchors)];
  const parts = [
    divide(subtract(box.x, anchor.x), anchor.width),
    divide(subtract(box.y, anchor.y), anchor.height),
    log(divide(box.width, anchor.width)),
    log(divide(box.height, anchor.height)),
  ];
  return concat(
    parts.map((part, i) => multiply(part, weights[i]!)),
    -1,
  );
}

/** Boxes `[…, 4]` from offsets `[…, 4]` and anchors: the inverse of `encodeBoxes`, the log scale cut at log(1000 / 16). */
export function decodeBoxes(offsets: Tensor, anchors: Tensor, weights: CoderWeights = UNIT_WEIGHTS): Tensor {
  const [dx, dy, dw, dh] = boxColumns(offsets).map((part, i) => divide(part, weights[i]!)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const anchor = centerSize(anchors);
  const x = add(multiply(dx, anchor.width), anchor.x);
  const y = add(multiply(dy, anchor.height), anchor.y);
  const halfWidth = multiply(multiply(exp(minimum(dw, MAXIMUM_LOG_SCALE)), anchor.width), 0.5);
  const halfHeight = multiply(multiply(exp(minimum(dh, MAXIMUM_LOG_SCALE)), anchor.height), 0.5);
  return concat([subtract(x, halfWidth), subtract(y, halfHeight), add(x, halfWidth), add(y, halfHeight)], -1);
}

/**
 * Distances from an anchor's center to a box's left, top, right and bottom side, in anchor sizes (Tian et al. 2019,
 * FCOS; torchvision's BoxLinearCoder with normalize_by_size).
 */
export function encodeDistances(boxes: Tensor, anchors: Tensor): Tensor {
  const [x1, y1, x2, y2] = boxColumns(boxes);
  const { x, y, width, height } = centerSize(anchors);
  return concat(
    [
      divide(subtract(x, x1), width),
      divide(subtract(y, y1), height),
      divide(subtract(x2, x), width),
      divide(subtract(y2, y), height),
    ],
    -1,
  );
}

/** The inverse of `encodeDistances`. */
export function decodeDistances(distances: Tensor, anchors: Tensor): Tensor {
  const [left, top, right, bottom] = boxColumns(distances);
  const { x, y, width, height } = centerSize(anchors);
  return concat(
    [
      subtract(x, multiply(left, width)),
      subtract(y, multiply(top, height)),
      add(x, multiply(right, width)),
      add(y, multiply(bottom, height)),
    ],
    -1,
  );
}

/** Cuts boxes `[…, 4]` at the borders of an image: x to 0..width, y to 0..height. */
export function clipBoxes(boxes: Tensor, height: number, width: number): Tensor {
  const cut = (part: Tensor, limit: number) => minimum(maximum(part, 0), limit);
  const [x1, y1, x2, y2] = boxColumns(boxes);
  return concat([cut(x1, width), cut(y1, height), cut(x2, width), cut(y2, height)], -1);
}
