import { type ContextOf, type Lowerings, lower, lowerPortably, type OnnxBuilder } from '@nats/export';
import {
  type ChannelDilationAttributes,
  channelDilationGradInputOp,
  channelDilationGradWeightOp,
  conv2dByChannelDilationOp,
  type Pair,
  type Shape,
  sizeOf,
} from '@nats/graph';
import { type ChannelOrder, channelOrder, ofGenotype, ofGenotypeClamped } from './channel-order.js';
import { backwardTable, channelRows } from './columns.js';
import { flippedKernel } from './convolution-grad-input.js';
import { dilationParts, type Part, tapsOf } from './dilation-parts.js';
import { once } from './memo.js';
import { evenSized, interleave, phaseOf } from './phases.js';

/** What the three have in common. All work is done by genotype, on that genotype's output channels alone. */
interface Plan {
  readonly order: ChannelOrder;
  readonly genotypes: readonly Pair[];
  readonly stride: 1 | 2;
  /** `[N, C, H, W]` of the input. */
  readonly x: readonly number[];
  /** `[O, C, kh, kw]` */
  readonly w: readonly number[];
  /** `[H', W']`: also the size of each phase of the input. */
  readonly output: Pair;
}

/**
 * With G genotypes the arithmetic is that of one convolution, but an im2col of the input would be made for each of them.
 * So columns are only ever made of the output channels' side, which genotypes divide among themselves: the forward pass
 * multiplies first and sums shifted products (ConvTranspose), the gradients gather columns of the output's gradient.
 */
function planOf(
  builder: OnnxBuilder,
  index: string,
  x: readonly Shape[number][],
  w: readonly number[],
  { genotypes, stride }: ChannelDilationAttributes,
  empty: 'none' | 'past',
): Plan | undefined {
  const regular = stride[0] === stride[1] && (stride[0] === 1 || stride[0] === 2);
  if (!regular || x.some((dimension) => typeof dimension !== 'number')) return undefined;
  const size = x as readonly number[];
  return {
    order: channelOrder(builder, index, { channels: w[0]!, genotypes: genotypes.length, empty }),
    genotypes,
    stride: stride[0] as 1 | 2,
    x: size,
    w,
    output: [Math.ceil(size[2]! / stride[0]), Math.ceil(size[3]! / stride[0])],
  };
}

const partsOf = ({ w, stride }: Plan, genotype: Pair) => dilationParts(genotype, [w[2]!, w[3]!], stride);

function lowerForward(context: ContextOf<typeof conv2dByChannelDilationOp>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [x, w, index] = inputs;
  const plan = planOf(builder, index, shapes[0], shapes[1] as readonly number[], attributes, 'none');
  if (!plan) {
    lowerPortably(context);
    return;
  }
  const image = evenSized(builder, x, plan.x, plan.stride);
  const weight = flippedWeight(builder, w, plan);
  const results = plan.genotypes.map((genotype, g) => {
    const sums = partsOf(plan, genotype).map((part) =>
      builder.node(
        'ConvTranspose',
        [phaseOf(builder, image, part.phase, plan.stride), weightOf(builder, weight, plan, part, g)],
        windowOf(part),
      ),
    );
    return sums.length === 1 ? sums[0]! : builder.node('Sum', sums);
  });
  const sorted = results.length === 1 ? results[0]! : builder.node('Concat', results, { axis: 1 });
  builder.node('Gather', [sorted, plan.order.positions], { axis: 1 }, outputs);
}

/** Each phase of the input gets a convolution of the gradient's channels of each genotype, summed up in place. */
function lowerGradInput(context: ContextOf<typeof channelDilationGradInputOp>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [gradient, w, index] = inputs;
  const plan = planOf(builder, index, attributes.shape, shapes[1] as readonly number[], attributes, 'past');
  if (!plan) {
    lowerPortably(context);
    return;
  }
  const padded = withZeroChannel(builder, flippedWeight(builder, w, plan), plan);
  const sums = new Map<string, string>();
  const [n, c] = plan.x as [number, number];
  const zeros = once(builder, `no gradient ${[n, c, ...plan.output]}`, () =>
    builder.node('ConstantOfShape', [builder.int64([n, c, ...plan.output])]),
  );
  for (const [g, genotype] of plan.genotypes.entries()) {
    const own = ofGenotypeClamped(builder, gradient, plan.order, g, plan.w[0]!);
    for (const part of partsOf(plan, genotype)) {
      const sum = sums.get(part.phase.join()) ?? zeros;
      const terms = [own, weightOf(builder, padded, plan, part, g), '', sum];
      sums.set(part.phase.join(), builder.node('FusedConv', terms, windowOf(part), undefined, 'com.microsoft'));
    }
  }
  interleave(builder, (phase) => sums.get(phase.join()) ?? zeros, plan.stride, plan.x, outputs);
}

/** For each genotype one product over all pixels: columns of the gradient's channels by the input's. */
function lowerGradWeight(context: ContextOf<typeof channelDilationGradWeightOp>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [gradient, x, index] = inputs;
  const plan = planOf(builder, index, shapes[1], attributes.shape, attributes, 'past');
  if (!plan) {
    lowerPortably(context);
    return;
  }
  const { w, output } = plan;
  const [n, c] = plan.x as [number, number];
  const taps = w[2]! * w[3]!;
  const image = evenSized(builder, x, plan.x, plan.stride);
  const results = plan.genotypes.map((genotype, g) => {
    const rows = gradientRows(builder, gradient, plan, g);
    const parts = partsOf(plan, genotype);
    const slopes = parts.map((part) => {
      const phase = phaseOf(builder, image, part.phase, plan.stride);
      const right = builder.node('Reshape', [
        channelRows(builder, phase, [n, c, ...output], 1),
        builder.int64([c, n * output[0] * output[1]]),
      ]);
      const own = part.kernel[0] * part.kernel[1];
      const columns = builder.node('Reshape', [
        builder.node('Gather', [rows, tableOf(builder, part, output)], { axis: 1 }),
        builder.int64([n * output[0] * output[1], -1]),
      ]);
      const product = builder.node('Gemm', [columns, right], { transA: 1, transB: 1 });
      return builder.node('Reshape', [product, builder.int64([own, -1, c])]);
    });
    if (slopes.length === 1) return slopes[0]!;
    const there = parts.flatMap((part) => tapsOf(part, w[3]!));
    const back = Array.from({ length: taps }, (_, tap) => there.indexOf(tap));
    return builder.node('Gather', [builder.node('Concat', slopes, { axis: 0 }), builder.int64(back)], { axis: 0 });
  });
  const sorted = results.length === 1 ? results[0]! : builder.node('Concat', results, { axis: 1 });
  const ordered = builder.node('Gather', [sorted, plan.order.positions], { axis: 1 });
  const transposed = builder.node('Transpose', [ordered], { perm: [1, 2, 0] });
  builder.node('Reshape', [transposed, builder.int64(w)], {}, outputs);
}

/** Padding that both the transposed convolution of the forward pass and the convolution of the gradient need. */
function windowOf({ kernel, dilation, before, after }: Part) {
  return { kernel_shape: kernel, strides: [1, 1], dilations: dilation, pads: [...after, ...before] };
}

/** `[C, O, kh, kw]`, taps reversed. */
function flippedWeight(builder: OnnxBuilder, w: string, { w: [o, c, kh, kw] }: Plan): string {
  const shape = [c!, o!, kh!, kw!] as const;
  return once(builder, `flipped ${w}`, () =>
    builder.node('Reshape', [flippedKernel(builder, w, [1, o!, c!, kh! * kw!]), builder.int64(shape)]),
  );
}

function withZeroChannel(builder: OnnxBuilder, flipped: string, { w: [, c, kh, kw] }: Plan): string {
  return once(builder, `${flipped} and zeros`, () => {
    const shape = [c!, 1, kh!, kw!];
    const zeros = builder.constant({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) });
    return builder.node('Concat', [flipped, zeros], { axis: 1 });
  });
}

/** `[C, channels of the genotype, taps of the part]`, from the flipped weight. */
function weightOf(builder: OnnxBuilder, flipped: string, { w, order }: Plan, part: Part, g: number): string {
  const [, , kh, kw] = w as [number, number, number, number];
  const { first, step, kernel } = part;
  const last = [first[0] + step[0] * (kernel[0] - 1), first[1] + step[1] * (kernel[1] - 1)] as const;
  const whole = kernel[0] === kh && kernel[1] === kw;
  const taps = whole
    ? flipped
    : once(builder, `taps ${flipped} ${first} ${step} ${kernel}`, () =>
        builder.node('Slice', [
          flipped,
          builder.int64([kh - 1 - last[0], kw - 1 - last[1]]),
          builder.int64([kh - first[0], kw - first[1]]),
          builder.int64([2, 3]),
          builder.int64(step),
        ]),
      );
  return ofGenotype(builder, taps, order, g);
}

/** `[N, H' W' + 1, channels of the genotype]`: the gradient's pixels, and one of zeros. */
function gradientRows(builder: OnnxBuilder, gradient: string, { x, w, output, order }: Plan, g: number): string {
  const pixels = output[0] * output[1];
  const own = ofGenotypeClamped(builder, gradient, order, g, w[0]!);
  const flat = builder.node('Reshape', [own, builder.int64([0, 0, pixels])]);
  const rows = builder.node('Transpose', [flat], { perm: [0, 2, 1] });
  const shape = builder.node('Concat', [builder.int64([x[0]!, 1]), builder.node('Shape', [order.members[g]!])], {
    axis: 0,
  });
  return builder.node('Concat', [rows, builder.node('ConstantOfShape', [shape])], { axis: 1 });
}

function tableOf(builder: OnnxBuilder, { kernel, dilation, before, after }: Part, output: Pair): string {
  const geometry = { input: output, output, kernel, stride: [1, 1], padding: [...before, ...after], dilation } as const;
  return once(builder, `backward ${JSON.stringify(geometry)}`, () =>
    builder.constant({
      dtype: 'int32',
      shape: [output[0] * output[1], kernel[0] * kernel[1]],
      data: backwardTable(geometry),
    }),
  );
}

export const channelDilationLowerings: Lowerings = [
  lower(conv2dByChannelDilationOp, lowerForward),
  lower(channelDilationGradInputOp, lowerGradInput),
  lower(channelDilationGradWeightOp, lowerGradWeight),
];
