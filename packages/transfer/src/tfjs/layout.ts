import { type NumericArray, sizeOf, type TensorData } from '@nats/graph';
import type { JsonValue } from '../json.js';

/** How a kernel's axes move from TensorFlow's order to PyTorch's. */
export type KernelKind = 'convolution' | 'depthwise' | 'dense' | 'dense-transposed';

/** Node types of a graph model whose second input is a kernel. */
const KERNEL_OPS: ReadonlyMap<string, KernelKind> = new Map([
  ['Conv2D', 'convolution'],
  ['_FusedConv2D', 'convolution'],
  ['FusedConv2D', 'convolution'],
  ['Conv2DBackpropInput', 'convolution'],
  ['DepthwiseConv2dNative', 'depthwise'],
  ['DepthwiseConv2d', 'depthwise'],
  ['FusedDepthwiseConv2dNative', 'depthwise'],
  ['MatMul', 'dense'],
  ['_FusedMatMul', 'dense'],
]);

/**
 * Which weights of a graph model are kernels: the second input of a convolution or a matrix product, reached through
 * Identity nodes. (`Conv2DBackpropInput` is TensorFlow's transposed convolution; its [h, w, out, in] becomes PyTorch's
 * [in, out, h, w] by the same permutation.)
 */
export function graphKernels(topology: JsonValue | undefined): Map<string, KernelKind> {
  const kernels = new Map<string, KernelKind>();
  const nodes = topology instanceof Map ? topology.get('node') : undefined;
  if (!Array.isArray(nodes)) return kernels;
  const inputs = new Map<string, { op: string; inputs: string[]; node: Map<string, JsonValue> }>();
  for (const node of nodes) {
    if (!(node instanceof Map)) continue;
    const name = node.get('name');
    const op = node.get('op');
    const list = node.get('input');
    if (typeof name !== 'string' || typeof op !== 'string') continue;
    const names = Array.isArray(list) ? list.filter((input) => typeof input === 'string') : [];
    inputs.set(name, { op, inputs: names, node });
  }
  for (const { op, inputs: own, node } of inputs.values()) {
    const kind = KERNEL_OPS.get(op);
    let target = own[1]?.replace(/:\d+$/, '');
    if (kind === undefined || target === undefined) continue;
    for (let hops = 0; hops < 8 && inputs.get(target)?.op === 'Identity'; hops++) {
      target = inputs.get(target)?.inputs[0]?.replace(/:\d+$/, '') ?? '';
    }
    kernels.set(target, kind === 'dense' && transposesB(node) ? 'dense-transposed' : kind);
  }
  return kernels;
}

function transposesB(node: Map<string, JsonValue>): boolean {
  const attributes = node.get('attr');
  const flag = attributes instanceof Map ? attributes.get('transpose_b') : undefined;
  return flag instanceof Map && flag.get('b') === true;
}

/** What a weight of a layers model is, by the names that Keras gives: `kernel`, `depthwise_kernel`, … */
export function layersKernel(name: string, rank: number): KernelKind | undefined {
  const last = name.slice(name.lastIndexOf('/') + 1).replace(/(?:_\d+)?(?::0)?$/, '');
  if (last === 'depthwise_kernel' && rank === 4) return 'depthwise';
  if ((last === 'kernel' || last === 'pointwise_kernel') && rank === 4) return 'convolution';
  return last === 'kernel' && rank === 2 ? 'dense' : undefined;
}

/**
 * Moves a kernel's axes to PyTorch's order: convolution [h, w, in, out] to [out, in, h, w]; depthwise
 * [h, w, channels, multiplier] to [channels * multiplier, 1, h, w]; dense [in, out] to [out, in].
 */
export function toPytorchLayout(tensor: TensorData, kind: KernelKind): TensorData {
  const { shape } = tensor;
  if (kind === 'dense' && shape.length === 2) return permute(tensor, [1, 0]);
  if (kind === 'convolution' && shape.length === 4) return permute(tensor, [3, 2, 0, 1]);
  if (kind === 'depthwise' && shape.length === 4) {
    const [height, width, channels, multiplier] = shape as [number, number, number, number];
    const moved = permute(tensor, [2, 3, 0, 1]);
    return { ...moved, shape: [channels * multiplier, 1, height, width] };
  }
  return tensor;
}

function permute(tensor: TensorData, axes: readonly number[]): TensorData {
  const strides = new Array<number>(tensor.shape.length).fill(1);
  for (let axis = strides.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * tensor.shape[axis + 1]!;
  const shape = axes.map((axis) => tensor.shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const data: NumericArray = tensor.data.slice();
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < sizeOf(shape); to++) {
    data[to] = tensor.data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype: tensor.dtype, shape, data };
}
