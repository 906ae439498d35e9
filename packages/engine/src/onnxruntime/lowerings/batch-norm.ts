import { type ContextOf, type Lowerings, lower, type OnnxBuilder } from '@nats/export';
import { batchNormGradOp, batchNormTrainingOp, sizeOf } from '@nats/graph';
import { once } from './memo.js';

/** A vector of channels, against `[N, C, H, W]`. */
const planes = (builder: OnnxBuilder, x: string) => builder.node('Reshape', [x, builder.int64([1, -1, 1, 1])]);

/** Batch and gradient share it: its own inputs are not needed any more then. */
function centered(builder: OnnxBuilder, x: string, mean: string): string {
  return once(builder, `centered ${x} ${mean}`, () => builder.node('Sub', [x, planes(builder, mean)]));
}

/** Sums over N, H and W: `[N, C, H, W]` to `[C]`, in two stages for accuracy. */
function sums(builder: OnnxBuilder, x: string, outputs?: readonly string[]): string {
  const each = builder.node('ReduceSum', [x, builder.int64([2, 3])], { keepdims: 0 });
  return builder.node('ReduceSum', [each, builder.int64([0])], { keepdims: 0 }, outputs);
}

/** `sums` of the product of two maps. Each plane's sum is a row times a row: no pass that writes the product.
 * (Row times column, by MatMul, takes twenty times as long.) */
function dots(builder: OnnxBuilder, a: string, b: string, [n, c, h, w]: readonly number[]): string {
  const row = (x: string) => builder.node('Reshape', [x, builder.int64([n! * c!, 1, h! * w!])]);
  const products = builder.node('FusedMatMul', [row(a), row(b)], { transB: 1 }, undefined, 'com.microsoft');
  const each = builder.node('Reshape', [products, builder.int64([n!, c!])]);
  return builder.node('ReduceSum', [each, builder.int64([0])], { keepdims: 0 });
}

/** `x scale / sqrt(variance + epsilon) + shift` by channel in one pass: BatchNormalization with given statistics. */
function affine(
  builder: OnnxBuilder,
  [x, scale, shift, variance]: readonly [string, string, string, string],
  channels: number,
  epsilon: number,
  outputs?: readonly string[],
): string {
  return builder.node(
    'BatchNormalization',
    [x, scale, shift, filled(builder, channels, 0), variance],
    { epsilon: { float: epsilon } },
    outputs,
  );
}

function filled(builder: OnnxBuilder, channels: number, value: number): string {
  return once(builder, `filled ${channels} ${value}`, () => builder.float(new Array<number>(channels).fill(value)));
}

/**
 * The CPU's BatchNormalization in training mode can't be used: in 1.30 its mean and variance share memory.
 * Statistics in two passes, of the centered values, so that nothing cancels.
 */
function lowerTraining({
  builder,
  inputs,
  outputs,
  shapes,
  attributes: { epsilon },
}: ContextOf<typeof batchNormTrainingOp>): void {
  const [x, weight, bias] = inputs;
  const [y, mean, variance] = outputs;
  const shape = shapes[0] as readonly number[];
  const share = builder.float(shape[1]! / sizeOf(shape));
  builder.node('Mul', [sums(builder, x), share], {}, [mean]);
  const values = centered(builder, x, mean);
  builder.node('Mul', [dots(builder, values, values, shape), share], {}, [variance]);
  affine(builder, [values, weight, bias, variance], shape[1]!, epsilon, [y]);
}

/** dx = (g - mean of g - centered dot / (count spread^2)) weight / spread, with spread^2 = variance + epsilon. */
function lowerGradient({
  builder,
  inputs,
  outputs,
  shapes,
  attributes: { epsilon },
}: ContextOf<typeof batchNormGradOp>): void {
  const [g, x, weight, mean, variance] = inputs;
  const [dx, dWeight, dBias] = outputs;
  const shape = shapes[1] as readonly number[];
  const share = builder.float(shape[1]! / sizeOf(shape));
  const values = centered(builder, x, mean);
  const spread = builder.node('Sqrt', [builder.node('Add', [variance, builder.float(epsilon)])]);
  builder.node('Div', [dots(builder, g, values, shape), spread], {}, [dWeight]);
  sums(builder, g, [dBias]);
  const scale = builder.node('Div', [weight, spread]);
  const shared = builder.node('Mul', [scale, share]);
  const slope = builder.node('Mul', [builder.node('Div', [dWeight, spread]), shared]);
  const shift = builder.node('Mul', [dBias, shared]);
  const ones = filled(builder, shape[1]!, 1);
  const common = affine(builder, [values, slope, shift, ones], shape[1]!, 0);
  builder.node('Sub', [builder.node('Mul', [g, planes(builder, scale)]), common], {}, [dx]);
}

export const batchNormLowerings: Lowerings = [
  lower(batchNormTrainingOp, lowerTraining),
  lower(batchNormGradOp, lowerGradient),
];
