import { check } from '../errors.js';
import { apply, defineOp, type OpDefinition } from '../op.js';
import { formatShape, formatType, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData } from '../tensor-data.js';
import { add, equal, multiply } from './binary.js';
import { cast } from './cast.js';
import {
  type ConvolutionAttributes,
  conv2d,
  conv2dOp,
  convGradInputOp,
  convGradWeightOp,
  convolutionAttributes,
  type Pair,
} from './convolution.js';
import { reshape } from './reshape.js';

/** Attributes of `conv2dByChannelDilation`. */
export interface ChannelDilationAttributes {
  /** `[vertical, horizontal]` dilations that a channel may have. */
  readonly genotypes: readonly Pair[];
  readonly stride: Pair;
}

/** Options of `conv2dByChannelDilation`. */
export interface ChannelDilationOptions {
  readonly genotypes: readonly Pair[];
  /** Default 1. */
  readonly stride?: number | Pair;
  /** Default 1. More than one costs a convolution for each genotype: an engine's number of groups is fixed. */
  readonly groups?: number;
}

interface GradientAttributes extends ChannelDilationAttributes {
  /** Shape of the input, or of the weight, whose gradient it is. */
  readonly shape: readonly number[];
}

/** Padding that keeps an odd kernel centered, so that the output's size is the same for every genotype. */
function convolutionFor(
  weight: readonly number[],
  attributes: ChannelDilationAttributes,
  g: number,
): ConvolutionAttributes {
  const dilation = attributes.genotypes[g]!;
  const padding: Pair = [(dilation[0] * (weight[2]! - 1)) / 2, (dilation[1] * (weight[3]! - 1)) / 2];
  return convolutionAttributes({ stride: attributes.stride, dilation, padding });
}

function checkInputs(weight: TensorType, index: TensorType, { genotypes }: ChannelDilationAttributes): void {
  check(genotypes.length >= 1 && genotypes.flat().every((d) => Number.isInteger(d) && d >= 1), 'attribute', () => ({
    rule: 'genotypes are one or more pairs of dilations, whole numbers of at least 1',
    received: JSON.stringify(genotypes),
  }));
  const [channels, , kh, kw] = weight.shape as number[];
  check(kh! % 2 === 1 && kw! % 2 === 1, 'shape', () => ({
    rule: 'a kernel with a dilation for each channel has odd sides, so that it stays centered',
    received: formatShape(weight.shape),
  }));
  check(index.dtype === 'int32' && formatShape(index.shape) === formatShape([channels!]), 'shape', () => ({
    rule: 'every output channel has the index of a genotype',
    received: formatType(index),
    limit: `int32[${channels}]`,
  }));
}

/** Channel by channel from the results for each genotype: `pick(g)` is computed only for genotypes that occur. */
function mergeChannels(
  shape: readonly number[],
  axis: number,
  index: TensorData,
  compute: (g: number) => TensorData,
): TensorData {
  const data = new Float64Array(sizeOf(shape));
  const inner = sizeOf(shape.slice(axis + 1));
  const channels = shape[axis]!;
  for (const g of new Set(index.data)) {
    const part = compute(g).data;
    for (let at = 0; at < data.length; at += inner) {
      if (index.data[(at / inner) % channels] === g) data.set(part.subarray(at, at + inner), at);
    }
  }
  return { dtype: 'float32', shape, data };
}

/** The tensor with zeros in channels that do not have genotype `g`. */
function maskChannels(x: TensorData, axis: number, index: TensorData, g: number): TensorData {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const channels = x.shape[axis]!;
  const data = Float64Array.from(x.data, (value, i) =>
    index.data[Math.floor(i / inner) % channels] === g ? value : 0,
  );
  return { ...x, data };
}

/** The op of `conv2dByChannelDilation`. */
export const conv2dByChannelDilationOp: OpDefinition<ChannelDilationAttributes, [x: Tensor, w: Tensor, index: Tensor]> =
  defineOp<ChannelDilationAttributes, [x: Tensor, w: Tensor, index: Tensor]>({
    name: 'conv2dByChannelDilation',
    infer: ([x, w, index], attributes) => {
      checkInputs(w, index, attributes);
      return conv2dOp.infer([x, w], convolutionFor(w.shape as number[], attributes, 0));
    },
    gradient: ({ inputs: [x, w, index], gradients: [g], attributes, needed }) => [
      needed[0]
        ? apply(channelDilationGradInputOp, [g, w, index], { ...attributes, shape: x.shape as number[] })
        : undefined,
      needed[1]
        ? apply(channelDilationGradWeightOp, [g, x, index], { ...attributes, shape: w.shape as number[] })
        : undefined,
      undefined,
    ],
    evaluate: ([x, w, index], attributes) => {
      const convolve = (g: number) => conv2dOp.evaluate([x, w], convolutionFor(w.shape, attributes, g))[0];
      const shape = conv2dOp.infer([x, w], convolutionFor(w.shape, attributes, 0))[0].shape as number[];
      return [mergeChannels(shape, 1, index, convolve)];
    },
  });

/** First-class: gathers channels by genotype, as the forward op. */
export const channelDilationGradInputOp: OpDefinition<GradientAttributes, [g: Tensor, w: Tensor, index: Tensor]> =
  defineOp<GradientAttributes, [g: Tensor, w: Tensor, index: Tensor]>({
    name: 'channelDilationGradInput',
    infer: ([g, w, index], attributes) => {
      checkInputs(w, index, attributes);
      return convGradInputOp.infer([g, w], {
        ...convolutionFor(w.shape as number[], attributes, 0),
        shape: attributes.shape,
      });
    },
    gradient: ({ inputs: [g, w, index], gradients: [d], attributes, needed }) => [
      needed[0] ? apply(conv2dByChannelDilationOp, [d, w, index], withoutShape(attributes)) : undefined,
      needed[1]
        ? apply(channelDilationGradWeightOp, [g, d, index], { ...attributes, shape: w.shape as number[] })
        : undefined,
      undefined,
    ],
    evaluate: ([g, w, index], attributes) => {
      const data = new Float64Array(sizeOf(attributes.shape));
      for (const genotype of new Set(index.data)) {
        const own = maskChannels(g, 1, index, genotype);
        const convolution = { ...convolutionFor(w.shape, attributes, genotype), shape: attributes.shape };
        const part = convGradInputOp.evaluate([own, w], convolution)[0];
        for (let i = 0; i < data.length; i++) data[i]! += part.data[i]!;
      }
      return [{ dtype: 'float32', shape: attributes.shape, data }];
    },
  });

/** First-class: gathers channels by genotype, as the forward op. */
export const channelDilationGradWeightOp: OpDefinition<GradientAttributes, [g: Tensor, x: Tensor, index: Tensor]> =
  defineOp<GradientAttributes, [g: Tensor, x: Tensor, index: Tensor]>({
    name: 'channelDilationGradWeight',
    infer: ([g, x, index], attributes) => {
      checkInputs({ dtype: 'float32', shape: attributes.shape }, index, attributes);
      return convGradWeightOp.infer([g, x], {
        ...convolutionFor(attributes.shape, attributes, 0),
        shape: attributes.shape,
      });
    },
    gradient: ({ inputs: [g, x, index], gradients: [d], attributes, needed }) => [
      needed[0] ? apply(conv2dByChannelDilationOp, [x, d, index], withoutShape(attributes)) : undefined,
      needed[1]
        ? apply(channelDilationGradInputOp, [g, d, index], { ...attributes, shape: x.shape as number[] })
        : undefined,
      undefined,
    ],
    evaluate: ([g, x, index], attributes) => {
      const compute = (genotype: number) =>
        convGradWeightOp.evaluate([g, x], {
          ...convolutionFor(attributes.shape, attributes, genotype),
          shape: attributes.shape,
        })[0];
      return [mergeChannels(attributes.shape, 0, index, compute)];
    },
  });

function withoutShape({ genotypes, stride }: GradientAttributes): ChannelDilationAttributes {
  return { genotypes, stride };
}

/**
 * A convolution in which every output channel has a dilation of its own, given at run time: one program serves every
 * choice. Padded so that the output's size does not depend on the choice. An engine gathers the channels of each
 * genotype, convolves them together, and puts them back.
 * @param x `[N, C, H, W]`
 * @param w `[O, C / groups, kh, kw]`, kh and kw odd
 * @param genotypeIndex int32 `[O]`, 0 to genotypes - 1; with groups, the same within each group (else it costs the same
 * and is right all the same)
 * @returns `[N, O, ceil(H / stride), ceil(W / stride)]`
 */
export function conv2dByChannelDilation(
  x: Tensor,
  w: Tensor,
  genotypeIndex: Tensor,
  options: ChannelDilationOptions,
): Tensor {
  const { stride, groups } = convolutionAttributes({ stride: options.stride ?? 1, groups: options.groups ?? 1 });
  const genotypes = options.genotypes.map(([dh, dw]): Pair => [dh, dw]);
  if (groups === 1) return apply(conv2dByChannelDilationOp, [x, w, genotypeIndex], { genotypes, stride });
  checkInputs(w, genotypeIndex, { genotypes, stride });
  return genotypes
    .map((dilation, g) => {
      const own = reshape(cast(equal(genotypeIndex, g), 'float32'), [w.shape[0]!, 1, 1, 1]);
      const { padding } = convolutionFor(w.shape as number[], { genotypes, stride }, g);
      return conv2d(x, multiply(w, own), { stride, groups, dilation, padding });
    })
    .reduce(add);
}
