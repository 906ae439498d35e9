import {
  type ConvolutionAttributes,
  conv2dOp,
  maxPool2dOp,
  type Node,
  type Pair,
  type PoolingAttributes,
  type SliceAttributes,
  sliceOp,
  type Tensor,
} from '@nats/graph';

export interface ReceptiveField {
  /** Side of the region of the input that one value can depend on, in pixels. */
  readonly size: Pair;
  /** Pixels of the input between neighbors. */
  readonly step: Pair;
}

/**
 * Theoretical receptive field, layer by layer (Araujo et al. 2019): a kernel of size k, dilation d on a map of step s adds
 * (k - 1) d s; paths that join give the larger one. Undefined for what does not depend on an input image, and after global
 * pooling. Upsampling is not followed: such maps keep the step of the coarse one.
 */
export function receptiveFieldOfNode(
  node: Node,
  fields: ReadonlyMap<Tensor, ReceptiveField>,
): ReceptiveField | undefined {
  const [output] = node.outputs as [Tensor];
  if (output.shape.length !== 4) return undefined;
  if (node.op.name === 'input') return { size: [1, 1], step: [1, 1] };
  const sources = node.inputs.map((x) => fields.get(x)).filter((field) => field !== undefined);
  if (sources.length === 0 || node.op.name === 'reduceMean' || node.op.name === 'reduceSum') return undefined;
  const from = sources.reduce(larger);
  if (node.op === conv2dOp) {
    const { stride, dilation } = node.attributes as ConvolutionAttributes;
    const [kh, kw] = node.inputs[1]!.shape.slice(2) as [number, number];
    return window(from, [(kh - 1) * dilation[0], (kw - 1) * dilation[1]], stride);
  }
  if (node.op === maxPool2dOp) {
    const { kernel, stride } = node.attributes as PoolingAttributes;
    return window(from, [kernel[0] - 1, kernel[1] - 1], stride);
  }
  if (node.op === sliceOp) {
    const { steps } = node.attributes as SliceAttributes;
    return window(from, [0, 0], [steps[2]!, steps[3]!]);
  }
  return from;
}

function window({ size, step }: ReceptiveField, reach: Pair, stride: Pair): ReceptiveField {
  return {
    size: [size[0] + reach[0] * step[0], size[1] + reach[1] * step[1]],
    step: [step[0] * stride[0], step[1] * stride[1]],
  };
}

function larger(a: ReceptiveField, b: ReceptiveField): ReceptiveField {
  const max = (x: Pair, y: Pair): Pair => [Math.max(x[0], y[0]), Math.max(x[1], y[1])];
  return { size: max(a.size, b.size), step: max(a.step, b.step) };
}
