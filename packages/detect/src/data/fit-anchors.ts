import { check } from '@nats/graph';
import type { AnchorLevel } from '../boxes/anchors.js';

/** Width and height in pixels. */
export type BoxSize = readonly [number, number];

/** Anchors by k-means on sides of boxes (`fitAnchors`). */
export interface FittedAnchors {
  /** From small to large area. */
  readonly anchors: readonly BoxSize[];
  /** Boxes that are nearest to each. */
  readonly counts: readonly number[];
  /** Of each box with the anchor that fits it best, both on the same center. */
  readonly meanIou: number;
}

/** As many boxes take part, evenly spaced in order of size: more change nothing but the time. */
const MAX_BOXES = 20000;
const MAX_ROUNDS = 100;

/**
 * k-means on box sizes with distance 1 - IoU of boxes on one center (Redmon and Farhadi 2017, YOLO9000, section 2).
 * Deterministic: starts at quantiles of the area, and the order of the boxes does not matter.
 * @param count of anchors; fewer come back only if there are fewer boxes
 */
export function fitAnchors(boxes: readonly BoxSize[], count: number): FittedAnchors {
  check(Number.isInteger(count) && count > 0, 'attribute', () => ({
    rule: 'at least one anchor is fitted',
    received: String(count),
  }));
  const sizes = sampled([...boxes].sort((a, b) => a[0] * a[1] - b[0] * b[1] || a[0] - b[0]));
  const k = Math.min(count, sizes.length);
  if (k === 0) return { anchors: [], counts: [], meanIou: 0 };
  let best = assess(
    sizes,
    Array.from({ length: k }, (_, i) => sizes[Math.floor(((i + 0.5) / k) * sizes.length)]!),
  );
  // Means do not minimize this distance: a round may make it worse, and then it is not kept.
  for (let round = 0, current = best; round < MAX_ROUNDS; round++) {
    const next = assess(sizes, meansOf(sizes, current));
    if (next.meanIou > best.meanIou) best = next;
    if (next.nearest.every((anchor, i) => anchor === current.nearest[i])) break;
    current = next;
  }
  const order = best.anchors.map((_, i) => i).sort((a, b) => areaOf(best.anchors[a]!) - areaOf(best.anchors[b]!));
  return {
    anchors: order.map((i) => best.anchors[i]!),
    counts: order.map((i) => best.nearest.reduce((sum, anchor) => sum + (anchor === i ? 1 : 0), 0)),
    meanIou: best.meanIou,
  };
}

/**
 * Anchors as `generateAnchors` takes them: sizes and aspect ratios that fit the boxes best, each by k-means of their
 * logarithms; sizes from small to large over the levels.
 */
export function fitAnchorLevels(
  boxes: readonly BoxSize[],
  { levels, sizes = 3, ratios = 3 }: { readonly levels: number; readonly sizes?: number; readonly ratios?: number },
): AnchorLevel[] {
  if (boxes.length === 0) return [];
  const sides = clusterLogarithms(
    boxes.map(([width, height]) => Math.sqrt(width * height)),
    levels * sizes,
  );
  const aspectRatios = clusterLogarithms(
    boxes.map(([width, height]) => height / width),
    ratios,
  );
  return Array.from({ length: levels }, (_, level) => ({
    sizes: sides.slice(level * sizes, (level + 1) * sizes),
    aspectRatios,
  }));
}

/** Mean over the boxes of the IoU with the best of the anchor shapes, and the share of boxes where it is 0.5 at least. */
export function anchorFit(
  boxes: readonly BoxSize[],
  levels: readonly AnchorLevel[],
): { meanIou: number; recall: number } {
  const shapes = levels.flatMap(({ sizes, aspectRatios }) =>
    aspectRatios.flatMap((ratio) => sizes.map((size): BoxSize => [size / Math.sqrt(ratio), size * Math.sqrt(ratio)])),
  );
  let sum = 0;
  let found = 0;
  for (const box of boxes) {
    let best = 0;
    for (const shape of shapes) best = Math.max(best, shapeIou(box, shape));
    sum += best;
    if (best >= 0.5) found++;
  }
  const count = Math.max(1, boxes.length);
  return { meanIou: sum / count, recall: found / count };
}

interface Assessed {
  readonly anchors: readonly BoxSize[];
  readonly nearest: Int32Array;
  readonly meanIou: number;
}

function assess(sizes: readonly BoxSize[], anchors: readonly BoxSize[]): Assessed {
  const nearest = new Int32Array(sizes.length);
  let sum = 0;
  for (const [i, size] of sizes.entries()) {
    let best = -1;
    for (const [k, anchor] of anchors.entries()) {
      const iou = shapeIou(size, anchor);
      if (iou > best) {
        best = iou;
        nearest[i] = k;
      }
    }
    sum += best;
  }
  return { anchors, nearest, meanIou: sum / sizes.length };
}

/** Mean width and height of the boxes of each anchor; an anchor without boxes stays. */
function meansOf(sizes: readonly BoxSize[], { anchors, nearest }: Assessed): BoxSize[] {
  const sums = anchors.map(() => [0, 0, 0]);
  for (const [i, [width, height]] of sizes.entries()) {
    const sum = sums[nearest[i]!]!;
    sum[0]! += width;
    sum[1]! += height;
    sum[2]!++;
  }
  return sums.map(([width, height, count], k) => (count ? [width! / count, height! / count] : anchors[k]!));
}

function clusterLogarithms(values: readonly number[], count: number): number[] {
  const logarithms = sampled(Float64Array.from(values, Math.log).sort());
  let centers = Array.from(
    { length: count },
    (_, i) => logarithms[Math.floor(((i + 0.5) / count) * logarithms.length)]!,
  );
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const sums = centers.map(() => [0, 0]);
    for (const value of logarithms) {
      let nearest = 0;
      for (let k = 1; k < count; k++) {
        if (Math.abs(value - centers[k]!) < Math.abs(value - centers[nearest]!)) nearest = k;
      }
      sums[nearest]![0]! += value;
      sums[nearest]![1]!++;
    }
    const next = sums.map(([sum, n], k) => (n ? sum! / n : centers[k]!));
    if (next.every((center, k) => center === centers[k])) break;
    centers = next;
  }
  return centers.sort((a, b) => a - b).map(Math.exp);
}

/** IoU of two boxes on one center. */
function shapeIou(a: BoxSize, b: BoxSize): number {
  const intersection = Math.min(a[0], b[0]) * Math.min(a[1], b[1]);
  return intersection / (areaOf(a) + areaOf(b) - intersection);
}

function areaOf([width, height]: BoxSize): number {
  return width * height;
}

function sampled<T>(sorted: ArrayLike<T>): T[] {
  if (sorted.length <= MAX_BOXES) return Array.from(sorted);
  return Array.from({ length: MAX_BOXES }, (_, i) => sorted[Math.floor((i / MAX_BOXES) * sorted.length)]!);
}
