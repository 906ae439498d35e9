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

export function forwardWay({ inputs, groups, geometry }: ConvolutionSize): 'conv' | 'columns' {
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

export function gradWeightWay({ inputs, groups, geometry }: ConvolutionSize): 'slices' | 'swapped' | 'columns' {
  if (area(geometry.kernel) === 1) return 'slices';
  if (inputs / groups >= SHORTEST_ROW) return 'columns';
  return groups === 1 && inputs <= 4 ? 'swapped' : 'slices';
}
