import {
  absOp,
  addOp,
  type ConvolutionAttributes,
  constantOp,
  conv2dOp,
  divideOp,
  expOp,
  gatherOp,
  logOp,
  maximumOp,
  minimumOp,
  multiplyOp,
  type Node,
  negateOp,
  type ReductionAttributes,
  reciprocalOp,
  reduceSumOp,
  reluOp,
  type SliceAttributes,
  type SplitAttributes,
  sigmoidOp,
  sliceOp,
  softplusOp,
  splitOp,
  sqrtOp,
  squareOp,
  subtractOp,
  type Tensor,
  type TensorData,
  tanhOp,
} from '@nats/graph';
import { selectChannels } from '../apply/select-channels.js';

const names = (ops: readonly { readonly name: string }[]) => new Set(ops.map(({ name }) => name));

/** Ops that treat every element alike, so that channels may be moved before or after them. */
const POINTWISE_UNARY = names([
  negateOp,
  absOp,
  expOp,
  logOp,
  sqrtOp,
  squareOp,
  reciprocalOp,
  sigmoidOp,
  tanhOp,
  softplusOp,
  reluOp,
]);
const POINTWISE_BINARY = names([addOp, subtractOp, multiplyOp, divideOp, maximumOp, minimumOp]);

/** A feature map `[N, C, H, W]`. */
function isMap(x: Tensor): boolean {
  return x.shape.length === 4 && x.dtype === 'float32';
}

/** A convolution whose output channels all see all input channels. */
export function isDenseConvolution(node: Node): boolean {
  return node.op === conv2dOp && (node.attributes as ConvolutionAttributes).groups === 1;
}

/** Which channels of its node's input map a tensor holds, if picking is all that the node does, along axis 1. */
export function pickedChannels({ node, index }: Tensor): Int32Array | undefined {
  const [x, indices] = node.inputs;
  if (!x || !isMap(x)) return undefined;
  if (node.op === gatherOp) {
    const { axis } = node.attributes as { axis: number };
    if (axis !== 1 || indices!.node.op !== constantOp || indices!.shape.length !== 1) return undefined;
    return Int32Array.from((indices!.node.attributes as { value: TensorData }).value.data);
  }
  if (node.op === splitOp) {
    const { axis, sizes } = node.attributes as SplitAttributes;
    const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    return axis === 1 ? Int32Array.from({ length: sizes[index]! }, (_, i) => start + i) : undefined;
  }
  if (node.op !== sliceOp) return undefined;
  const { starts, sizes, steps } = node.attributes as SliceAttributes;
  const whole = x.shape.every((size, axis) => axis === 1 || (sizes[axis] === size && steps[axis] === 1));
  if (!whole) return undefined;
  return Int32Array.from({ length: sizes[1] as number }, (_, i) => starts[1]! + i * steps[1]!);
}

/**
 * Reads a node as a function that treats channels apart: maps of the node's own shape on one side, and operands that
 * have one value for each channel, or one for all, on the other (batch norm at inference, activations, sums, the factors
 * of a squeeze and excitation); or global pooling of a map.
 * @returns positions of the maps among the inputs; undefined for any other node
 */
export function channelwiseMaps(node: Node): number[] | undefined {
  const [output] = node.outputs as [Tensor];
  if (!isMap(output)) return undefined;
  if (POINTWISE_UNARY.has(node.op.name) || isPooling(node)) return [0];
  if (!POINTWISE_BINARY.has(node.op.name)) return undefined;
  const maps: number[] = [];
  for (const [i, x] of node.inputs.entries()) {
    if (isMap(x) && x.shape.join() === output.shape.join()) maps.push(i);
    else if (!isPerChannel(x)) return undefined;
  }
  return maps;
}

/** The mean or sum of each channel of each image, `[N, C, 1, 1]`. */
function isPooling(node: Node): boolean {
  if (node.op !== reduceSumOp) return false;
  const { axes, keepDims } = node.attributes as ReductionAttributes;
  return keepDims && axes.join() === '2,3';
}

/** One value for each channel, perhaps of each image, `[N, C, 1, 1]`: no axis of pixels. */
function isPerChannel(x: Tensor): boolean {
  const axis = x.shape.length - 3;
  return x.shape.length <= 4 && x.shape.every((size, i) => size === 1 || i === axis || i < axis);
}

/** A per-channel operand for only some channels, in their order. */
export function pickParameters(x: Tensor, channels: Int32Array): Tensor {
  const axis = x.shape.length - 3;
  if (axis < 0 || x.shape[axis] === 1) return x;
  return selectChannels(x, axis, channels);
}
