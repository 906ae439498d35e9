import { check } from '../errors.js';
import { applyAll, defineOp } from '../op.js';
import { formatType, type Shape, type Tensor, type TensorType } from '../tensor.js';
import { sizeOf, type TensorData } from '../tensor-data.js';
import { add, divide, multiply, subtract } from './binary.js';
import { reduceSum } from './reduction.js';
import { reshape } from './reshape.js';
import { sqrt } from './unary.js';

/** Attributes of `batchNormTraining` and its gradient. */
export interface BatchNormAttributes {
  readonly epsilon: number;
}

function checkBatchNorm(x: TensorType, perChannel: readonly TensorType[]): void {
  const fits =
    x.shape.length === 4 &&
    x.dtype === 'float32' &&
    x.shape[0] !== 'N' &&
    perChannel.every((value) => value.dtype === 'float32' && value.shape.join() === String(x.shape[1]));
  check(fits, 'shape', () => ({
    rule: 'a batch norm takes float32 [N, C, H, W] with a known batch, and [C] for weight and bias',
    received: [x, ...perChannel].map(formatType).join(', '),
  }));
}

const perChannel = (x: Tensor) => reshape(x, [x.shape[0]!, 1, 1]);
const overChannels = (x: Tensor) => reduceSum(x, { axes: [0, 2, 3] });
const countOf = (shape: readonly number[]) => sizeOf(shape) / shape[1]!;

/** Visits each value of `[N, C, H, W]` with its channel. */
function eachValue(shape: readonly number[], visit: (offset: number, channel: number) => void): void {
  const plane = shape[2]! * shape[3]!;
  for (let i = 0; i < sizeOf(shape); i++) visit(i, Math.floor(i / plane) % shape[1]!);
}

type TrainingInputs = [x: Tensor, weight: Tensor, bias: Tensor];
type GradientInputs = [g: Tensor, x: Tensor, weight: Tensor, mean: Tensor, variance: Tensor];

/** First-class, so that an engine can do it in few passes over the feature map; so is its gradient. */
export const batchNormTrainingOp = defineOp<
  BatchNormAttributes,
  TrainingInputs,
  [y: Tensor, mean: Tensor, variance: Tensor]
>({
  name: 'batchNormTraining',
  infer: ([x, weight, bias]) => {
    checkBatchNorm(x, [weight, bias]);
    return [floats(x.shape), floats(weight.shape), floats(weight.shape)];
  },
  gradient: ({ inputs: [x, weight], outputs: [y, mean, variance], gradients: [g, gMean, gVariance], attributes }) => {
    const [dx, dWeight, dBias] = g
      ? applyAll(batchNormGradOp, [g, x, weight, mean, variance], attributes)
      : [undefined, undefined, undefined];
    const count = countOf(y.shape as number[]);
    const terms = [dx];
    // Only where a loss looks at the statistics themselves.
    if (gMean) terms.push(multiply(perChannel(gMean), multiply(onesLike(x), 1 / count)));
    if (gVariance) terms.push(multiply(perChannel(gVariance), multiply(subtract(x, perChannel(mean)), 2 / count)));
    const parts = terms.filter((term) => term !== undefined);
    return [parts.length > 0 ? parts.reduce((a, b) => add(a, b)) : undefined, dWeight, dBias];
  },
  evaluate: ([x, weight, bias], { epsilon }) => {
    const { shape } = x;
    const count = countOf(shape);
    const mean = new Float64Array(shape[1]!);
    const variance = new Float64Array(shape[1]!);
    eachValue(shape, (i, c) => {
      mean[c]! += x.data[i]! / count;
    });
    eachValue(shape, (i, c) => {
      variance[c]! += (x.data[i]! - mean[c]!) ** 2 / count;
    });
    const y = new Float64Array(x.data.length);
    eachValue(shape, (i, c) => {
      const scale = weight.data[c]! / Math.sqrt(variance[c]! + epsilon);
      y[i] = (x.data[i]! - mean[c]!) * scale + bias.data[c]!;
    });
    return [values(y, shape), values(mean, weight.shape), values(variance, weight.shape)];
  },
});

const floats = (shape: Shape): TensorType => ({ dtype: 'float32', shape });

function values(data: Float64Array, shape: readonly number[]): TensorData {
  return { dtype: 'float32', shape, data };
}

function onesLike(x: Tensor): Tensor {
  return add(multiply(x, 0), 1);
}

/** Gradients of x, weight and bias from that of the normalized values, x, weight and the batch's statistics. */
export const batchNormGradOp = defineOp<
  BatchNormAttributes,
  GradientInputs,
  [dx: Tensor, dWeight: Tensor, dBias: Tensor]
>({
  name: 'batchNormGrad',
  infer: ([g, x, weight, mean, variance]) => {
    checkBatchNorm(x, [weight, mean, variance]);
    check(formatType(g) === formatType(x), 'shape', () => ({
      rule: "a batch norm's gradient has the shape of its input",
      received: formatType(g),
      limit: formatType(x),
    }));
    return [floats(x.shape), floats(weight.shape), floats(weight.shape)];
  },
  gradient: ({ attributes: { epsilon }, differentiate }) =>
    differentiate((inputs) => composedGradients(inputs, epsilon)),
  evaluate: ([g, x, weight, mean, variance], { epsilon }) => {
    const { shape } = x;
    const count = countOf(shape);
    const inverse = Float64Array.from(variance.data, (value) => 1 / Math.sqrt(value + epsilon));
    const dBias = new Float64Array(shape[1]!);
    const dWeight = new Float64Array(shape[1]!);
    const normalized = (i: number, c: number) => (x.data[i]! - mean.data[c]!) * inverse[c]!;
    eachValue(shape, (i, c) => {
      dBias[c]! += g.data[i]!;
      dWeight[c]! += g.data[i]! * normalized(i, c);
    });
    const dx = new Float64Array(x.data.length);
    eachValue(shape, (i, c) => {
      const centered = g.data[i]! - (dBias[c]! + dWeight[c]! * normalized(i, c)) / count;
      dx[i] = centered * weight.data[c]! * inverse[c]!;
    });
    return [values(dx, shape), values(dWeight, weight.shape), values(dBias, weight.shape)];
  },
});

/** The same three results, composed of simpler ops. */
function composedGradients(
  [g, x, weight, mean, variance]: Readonly<GradientInputs>,
  epsilon: number,
): [dx: Tensor, dWeight: Tensor, dBias: Tensor] {
  const count = countOf(x.shape as number[]);
  const deviation = sqrt(add(variance, epsilon));
  const normalized = divide(subtract(x, perChannel(mean)), perChannel(deviation));
  const dBias = overChannels(g);
  const dWeight = overChannels(multiply(g, normalized));
  const shared = add(perChannel(dBias), multiply(perChannel(dWeight), normalized));
  const centered = subtract(g, multiply(shared, 1 / count));
  return [multiply(centered, perChannel(divide(weight, deviation))), dWeight, dBias];
}

/**
 * Normalizes each channel of `x` `[N, C, H, W]` by the mean and the biased variance of its N H W values, then scales
 * and shifts: Ioffe and Szegedy 2015.
 * @param weight `[C]`
 * @param bias `[C]`
 * @returns the result in x's shape, and the batch's mean and biased variance `[C]`
 */
export function batchNormTraining(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): { readonly y: Tensor; readonly mean: Tensor; readonly variance: Tensor } {
  const [y, mean, variance] = applyAll(batchNormTrainingOp, [x, weight, bias], { epsilon });
  return { y, mean, variance };
}
