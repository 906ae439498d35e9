import {
  abs,
  add,
  atan,
  divide,
  less,
  maximum,
  minimum,
  multiply,
  select,
  square,
  stopGradient,
  subtract,
  type Tensor,
} from '@nats/graph';
import { boxArea, boxColumns } from '../boxes/box-iou.js';

/** torchvision's: keeps quotients finite for empty boxes. */
const EPSILON = 1e-7;

/** |a - b|, elementwise. */
export function l1Loss(predicted: Tensor, target: Tensor): Tensor {
  return abs(subtract(predicted, target));
}

/** Quadratic below `beta`, linear above (Girshick 2015, Fast R-CNN), elementwise; beta 0 is the L1 loss. */
export function smoothL1Loss(predicted: Tensor, target: Tensor, beta = 1 / 9): Tensor {
  const distance = l1Loss(predicted, target);
  if (beta === 0) return distance;
  return select(less(distance, beta), multiply(square(distance), 0.5 / beta), subtract(distance, beta / 2));
}

interface Overlap {
  readonly iou: Tensor;
  readonly union: Tensor;
  /** Sides of the smallest box around both. */
  readonly hullWidth: Tensor;
  readonly hullHeight: Tensor;
}

function overlap(a: Tensor, b: Tensor): Overlap {
  const [ax1, ay1, ax2, ay2] = boxColumns(a);
  const [bx1, by1, bx2, by2] = boxColumns(b);
  const width = maximum(subtract(minimum(ax2, bx2), maximum(ax1, bx1)), 0);
  const height = maximum(subtract(minimum(ay2, by2), maximum(ay1, by1)), 0);
  const intersection = multiply(width, height);
  const union = subtract(add(boxArea(a), boxArea(b)), intersection);
  return {
    iou: divide(intersection, add(union, EPSILON)),
    union,
    hullWidth: subtract(maximum(ax2, bx2), minimum(ax1, bx1)),
    hullHeight: subtract(maximum(ay2, by2), minimum(ay1, by1)),
  };
}

/** IoU of boxes pair by pair, `[…, 4]` to `[…, 1]`. */
export function pairedBoxIou(a: Tensor, b: Tensor): Tensor {
  return overlap(a, b).iou;
}

/**
 * 1 - generalized IoU of boxes pair by pair (Rezatofighi et al. 2019; torchvision's generalized_box_iou_loss).
 * @param a `[…, 4]` x1, y1, x2, y2 with x1 <= x2, y1 <= y2
 * @returns `[…, 1]`, 0 to 2
 */
export function giouLoss(a: Tensor, b: Tensor): Tensor {
  const { iou, union, hullWidth, hullHeight } = overlap(a, b);
  const hull = multiply(hullWidth, hullHeight);
  return subtract(1, subtract(iou, divide(subtract(hull, union), add(hull, EPSILON))));
}

/** 1 - complete IoU pair by pair (Zheng et al. 2020; torchvision's complete_box_iou_loss): distance and shape count too. */
export function ciouLoss(a: Tensor, b: Tensor): Tensor {
  const { iou, hullWidth, hullHeight } = overlap(a, b);
  const [ax1, ay1, ax2, ay2] = boxColumns(a);
  const [bx1, by1, bx2, by2] = boxColumns(b);
  const diagonal = add(add(square(hullWidth), square(hullHeight)), EPSILON);
  const shift = (low: Tensor, high: Tensor, otherLow: Tensor, otherHigh: Tensor) =>
    square(multiply(subtract(add(low, high), add(otherLow, otherHigh)), 0.5));
  const distance = add(shift(ax1, ax2, bx1, bx2), shift(ay1, ay2, by1, by2));
  const angle = (x1: Tensor, y1: Tensor, x2: Tensor, y2: Tensor) =>
    atan(divide(subtract(x2, x1), add(subtract(y2, y1), EPSILON)));
  const shape = multiply(square(subtract(angle(bx1, by1, bx2, by2), angle(ax1, ay1, ax2, ay2))), 4 / Math.PI ** 2);
  const weight = stopGradient(divide(shape, add(subtract(add(shape, 1), iou), EPSILON)));
  return add(subtract(1, iou), add(divide(distance, diagonal), multiply(weight, shape)));
}
