import type { BlockSize } from './blocked.js';
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

/** Multiply-adds of one tap for one image: below, what blocked convolutions save is not worth their layouts. */
const FEWEST_FOR_BLOCKS = 64 * 64 * 32 * 32;
/** Pixels of an image: below, kernels are larger than maps, and so is the time that their layout takes. */
const FEWEST_PIXELS_FOR_BLOCKS = 64;

/** Whether blocked layouts pay: 0.78 to 0.92 of the other ways' time, from 64 channels at 32 x 32 to 256 at 8 x 8. */
function inBlocks({ inputs, outputs, groups, geometry }: ConvolutionSize, block: BlockSize | undefined): boolean {
  const pixels = area(geometry.output);
  return (
    block !== undefined &&
    groups === 1 &&
    area(geometry.kernel) > 1 &&
    inputs % block === 0 &&
    outputs % block === 0 &&
    pixels >= FEWEST_PIXELS_FOR_BLOCKS &&
    inputs * outputs * pixels >= FEWEST_FOR_BLOCKS
  );
}

/** Fewer output than input channels: columns of the output's side are then the smaller ones. */
function narrows({ inputs, outputs, groups, geometry }: ConvolutionSize): boolean {
  const unit = geometry.stride.every((stride) => stride === 1);
  return groups === 1 && unit && area(geometry.kernel) > 1 && 2 * outputs <= inputs;
}

/** What a transposed convolution that takes a convolution's place cuts off; it can not add, which would be negative. */
export function col2imPadding({ kernel, dilation, padding }: Geometry): number[] {
  return padding.map((side, i) => dilation[i % 2]! * (kernel[i % 2]! - 1) - side);
}

/** Padding of the input's gradient as a convolution with stride 1: `dilation (kernel - 1) - padding`, and at the ends what is left. */
export function flippedPadding({ input, output, kernel, dilation, padding }: Geometry): number[] {
  const reach = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)] as const;
  const before = [reach[0] - padding[0], reach[1] - padding[1]] as const;
  return [...before, ...([0, 1] as const).map((a) => input[a] + reach[a] - before[a] - output[a])];
}

export function forwardWay(size: ConvolutionSize): 'conv' | 'im2col' | 'col2im' {
  const { inputs, groups, geometry } = size;
  if (narrows(size) && col2imPadding(geometry).every((side) => side >= 0)) return 'col2im';
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  return small && area(geometry.kernel) > 1 ? 'im2col' : 'conv';
}

/** @param block of channels, where onnxruntime has kernels for blocked layouts */
export function gradInputWay(
  size: ConvolutionSize,
  block?: BlockSize,
): 'transposed' | 'flipped' | 'gatherAccumulate' | 'blocked' {
  const { inputs, groups, geometry } = size;
  const unit = geometry.stride.every((stride) => stride === 1);
  if (unit && flippedPadding(geometry).every((side) => side >= 0) && inBlocks(size, block)) return 'blocked';
  const small = groups === 1 && inputs >= SHORTEST_ROW && area(geometry.output) <= MOST_PIXELS;
  if (small && area(geometry.kernel) > 1) return 'gatherAccumulate';
  return unit ? 'flipped' : 'transposed';
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
