import {
  add,
  cast,
  check,
  greaterEqual,
  multiply,
  pyramidRoiAlign,
  reshape,
  roiAlign,
  stopGradient,
  type Tensor,
} from '@nats/graph';
import { boxArea } from '../boxes/box-iou.js';

/** RoIAlign over the levels of a pyramid (He et al. 2017; Lin et al. 2017, equation 1). */
export interface RoiPoolConfig {
  /** Side of the result: 7 for boxes, 14 for masks in the papers. */
  readonly size: number;
  /** Samples of each bin along each axis; 2 in torchvision. The adaptive number of Detectron2 depends on data: not offered. */
  readonly samplingRatio: number;
  /**
   * Square roots of box areas in pixels, ascending: from the first on a box is read from the second level, and so on; one
   * fewer than levels.
   */
  readonly boundaries: readonly number[];
}

/**
 * Which level a box is read from: one of 224 pixels from the level of stride 16, half the size from half the stride (Lin et
 * al. 2017, Feature Pyramid Networks, equation 1).
 * @param strides of the levels, finest first
 */
export function fpnBoundaries(strides: readonly number[]): number[] {
  return strides.slice(1).map((stride) => 14 * stride);
}

/** int32 `[…]`: level of each box `[…, 4]`, counted from the finest. */
export function levelOfBox(boxes: Tensor, boundaries: readonly number[]): Tensor {
  const lead = boxes.shape.slice(0, -1);
  const area = reshape(boxArea(boxes), lead);
  // torchvision's LevelMapper adds 1e-6 to the logarithm of the side.
  const reached = boundaries.map((side) => cast(greaterEqual(area, (side * 2 ** -1e-6) ** 2), 'int32'));
  return reached.length === 0 ? cast(multiply(area, 0), 'int32') : reached.reduce(add);
}

/**
 * RoIAlign over a pyramid, each box from one level (torchvision's MultiScaleRoIAlign).
 * @param levels `[N, C, H, W]`, finest first
 * @param strides pixels of the input for one of each level
 * @param boxes `[N, K, 4]`; no gradient goes through them
 * @returns `[N, K, C, size, size]`
 */
export function roiPool(
  levels: readonly Tensor[],
  strides: readonly number[],
  boxes: Tensor,
  { size, samplingRatio, boundaries }: RoiPoolConfig,
): Tensor {
  check(boundaries.length === levels.length - 1 && strides.length === levels.length, 'attribute', () => ({
    rule: 'between two levels of a pyramid there is one boundary of box sizes',
    received: `${boundaries.length} boundaries for ${levels.length} levels`,
  }));
  const fixed = stopGradient(boxes);
  if (levels.length === 1) {
    return roiAlign(levels[0]!, fixed, { outputSize: size, spatialScale: 1 / strides[0]!, samplingRatio });
  }
  const spatialScales = strides.map((stride) => 1 / stride);
  return pyramidRoiAlign(levels, fixed, levelOfBox(fixed, boundaries), {
    outputSize: size,
    spatialScales,
    samplingRatio,
  });
}
