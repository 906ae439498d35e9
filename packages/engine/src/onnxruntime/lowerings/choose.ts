import type { Geometry } from './columns.js';

export interface ConvolutionSize {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  readonly geometry: Geometry;
}

/** Shorter rows cost more to gather than they save. */
const SHORTEST_ROW = 16;
/** Above this many pixels Conv's own blocks stay in the cache and ours do not. */
const MOST_PIXELS = 160;

const area = ([height, width]: readonly [number, number]) => height * width;

/** Fewer output than input channels: columns of the output's side are then the smaller ones. */
function narrows({ inputs, outputs, groups, geometry }: ConvolutionSize): boolean {
  const unit = geometry.stride.every((stride) => stride === 1);
  return groups === 1 && unit && area(geometry.kernel) > 1 && 2 * outputs <= inputs;
}

/** What a transposed convolution that takes a convolution's place cuts off; it can not add, which would be negative. */
export function col2imPadding({ kernel, dilation, padding }: Geometry): number[] {
  return padding.map((side, i) => dilation[i % 2]! * (kernel[i % 2]! - 1) - side);
}

export function forwardWay(size: ConvolutionSize): 'conv' | 'im2col' | 'col2im' {
  const { inputs, groups, geometry } = size;
  if (narrows(size) && col2imPadding(geometry).every((side) => side >= 0)) return 'col2im';
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  return small && area(geometry.kernel) > 1 ? 'im2col' : 'conv';
}

export function gradInputWay({
  inputs,
  groups,
  geometry,
}: ConvolutionSize): 'transposed' | 'flipped' | 'gatherAccumulate' {
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  if (small && area(geometry.kernel) > 1) return 'gatherAccumulate';
  return geometry.stride.every((stride) => stride === 1) ? 'flipped' : 'transposed';
}

export function gradWeightWay(
  size: ConvolutionSize,
): 'slices' | 'batchChannelTranspose' | 'im2col' | 'gatherAccumulate' {
  const { inputs, groups, geometry } = size;
  if (area(geometry.kernel) === 1) return 'slices';
  if (narrows(size)) return 'gatherAccumulate';
  if (inputs / groups >= SHORTEST_ROW) return 'im2col';
  return groups === 1 && inputs <= 4 ? 'batchChannelTranspose' : 'slices';
}
