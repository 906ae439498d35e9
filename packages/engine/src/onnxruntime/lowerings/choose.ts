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
export function scatteredPadding({ kernel, dilation, padding }: Geometry): number[] {
  return padding.map((side, i) => dilation[i % 2]! * (kernel[i % 2]! - 1) - side);
}

export function forwardWay(size: ConvolutionSize): 'conv' | 'columns' | 'scattered' {
  const { inputs, groups, geometry } = size;
  if (narrows(size) && scatteredPadding(geometry).every((side) => side >= 0)) return 'scattered';
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  return small && area(geometry.kernel) > 1 ? 'columns' : 'conv';
}

export function gradInputWay({
  inputs,
  groups,
  geometry,
}: ConvolutionSize): 'transposed' | 'flipped' | 'contributions' {
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  if (small && area(geometry.kernel) > 1) return 'contributions';
  return geometry.stride.every((stride) => stride === 1) ? 'flipped' : 'transposed';
}

export function gradWeightWay(size: ConvolutionSize): 'slices' | 'swapped' | 'columns' | 'contributions' {
  const { inputs, groups, geometry } = size;
  if (area(geometry.kernel) === 1) return 'slices';
  if (narrows(size)) return 'contributions';
  if (inputs / groups >= SHORTEST_ROW) return 'columns';
  return groups === 1 && inputs <= 4 ? 'swapped' : 'slices';
}
