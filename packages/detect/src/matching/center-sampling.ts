import {
  abs,
  add,
  and,
  argMax,
  constant,
  fill,
  greater,
  less,
  maximum,
  minimum,
  multiply,
  reduceMax,
  reshape,
  select,
  subtract,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { boxArea, boxColumns } from '../boxes/box-iou.js';
import { type Assignment, type Targets, validObjects } from './targets.js';

/** Objects with a larger area than this are not told apart by area. */
const LARGEST_AREA = 1e8;

/** Options of FCOS's assignment of points to objects (`matchByCenter`). */
export interface CenterSamplingOptions {
  /** A point answers for an object if its center is closer than this many strides, in x and in y; 1.5 in torchvision. */
  readonly radius: number;
  /** Per level: the largest distance to a side that its points answer for, `[above, below]` in pixels. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** FCOS's ranges: 4 to 8 strides a level, the first from 0, the last without limit (Tian et al. 2019, section 3.2). */
export function fcosRanges(strides: readonly number[]): [number, number][] {
  return strides.map((stride, level) => [
    level === 0 ? 0 : stride * 4,
    level === strides.length - 1 ? Number.POSITIVE_INFINITY : stride * 8,
  ]);
}

/**
 * Assigns points to objects: inside the box, near its center, in the level's range; of several objects the smallest
 * (Tian et al. 2019, FCOS; torchvision's rule). An image without objects has only background.
 * @param points squares `[A, 4]` of the side of their level's stride
 * @param counts points per level
 */
export function matchByCenter(
  points: TensorData,
  counts: readonly number[],
  targets: Targets,
  { radius, ranges }: CenterSamplingOptions,
): Assignment {
  const [b, m] = targets.labels.shape as [number, number];
  const a = points.shape[0]!;
  const column = (values: readonly number[]) => constant(tensorData('float32', [1, a, 1], values));
  const rows = Array.from({ length: a }, (_, i) => Array.from(points.data.subarray(i * 4, i * 4 + 4)));
  const x = column(rows.map(([x1, , x2]) => (x1! + x2!) / 2));
  const y = column(rows.map(([, y1, , y2]) => (y1! + y2!) / 2));
  const reach = column(rows.map(([x1, , x2]) => (x2! - x1!) * radius));
  const perLevel = (side: 0 | 1) =>
    column(counts.flatMap((count, level) => new Array<number>(count).fill(finite(ranges[level]![side]))));

  const [x1, y1, x2, y2] = boxColumns(targets.boxes).map((part) => reshape(part, [b, 1, m])) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const offCenter = maximum(abs(subtract(x, middle(x1, x2))), abs(subtract(y, middle(y1, y2))));
  const [left, top, right, bottom] = [subtract(x, x1), subtract(y, y1), subtract(x2, x), subtract(y2, y)];
  const nearestSide = minimum(minimum(left, top), minimum(right, bottom));
  const farthestSide = maximum(maximum(left, top), maximum(right, bottom));
  const inRange = and(greater(farthestSide, perLevel(0)), less(farthestSide, perLevel(1)));
  const inside = and(less(offCenter, reach), greater(nearestSide, 0));
  const candidate = and(and(inside, inRange), reshape(validObjects(targets), [b, 1, m]));
  const preference = select(candidate, subtract(LARGEST_AREA, reshape(boxArea(targets.boxes), [b, 1, m])), 0);
  const foreground = greater(reduceMax(preference, { axes: [2] }), 0);
  return { matched: argMax(preference, 2), foreground, ignored: greater(fill([b, a], 0), 0) };
}

function middle(low: Tensor, high: Tensor): Tensor {
  return multiply(add(low, high), 0.5);
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 3e38;
}
