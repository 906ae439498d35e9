import {
  add,
  type BatchNormAttributes,
  batchNormGradOp,
  batchNormTrainingOp,
  divide,
  exp,
  log,
  logSoftmaxOp,
  multiply,
  reduceMax,
  reduceSum,
  reshape,
  sizeOf,
  softmaxOp,
  sqrt,
  square,
  subtract,
  type Tensor,
} from '@nats/graph';
import { type Decompositions, decomposition, type InputsOf } from './decomposition.js';

const channels = (x: Tensor) => reshape(x, [x.shape[0]!, 1, 1]);
/** Pixels first, images last: shorter sums lose fewer digits. */
const overChannels = (x: Tensor) => reduceSum(reduceSum(x, { axes: [2, 3] }), { axes: [0] });
const shareOf = (x: Tensor) => (x.shape[1] as number) / sizeOf(x.shape as number[]);

/** The statistics of the centered values, so that nothing cancels. */
function training([x, weight, bias]: InputsOf<typeof batchNormTrainingOp>, { epsilon }: BatchNormAttributes): Tensor[] {
  const share = shareOf(x);
  const mean = multiply(overChannels(x), share);
  const centered = subtract(x, channels(mean));
  const variance = multiply(overChannels(square(centered)), share);
  const scale = divide(weight, sqrt(add(variance, epsilon)));
  return [add(multiply(centered, channels(scale)), channels(bias)), mean, variance];
}

/** dx = (g - mean of g - centered dot / (count spread^2)) weight / spread, with spread^2 = variance + epsilon. */
function gradient(inputs: InputsOf<typeof batchNormGradOp>, { epsilon }: BatchNormAttributes): Tensor[] {
  const [g, x, weight, mean, variance] = inputs;
  const share = shareOf(x);
  const spread = sqrt(add(variance, epsilon));
  const centered = subtract(x, channels(mean));
  const dBias = overChannels(g);
  const dWeight = divide(overChannels(multiply(g, centered)), spread);
  const slope = multiply(divide(dWeight, spread), share);
  const rest = subtract(subtract(g, channels(multiply(dBias, share))), multiply(centered, channels(slope)));
  return [multiply(rest, channels(divide(weight, spread))), dWeight, dBias];
}

const shifted = (x: Tensor, axis: number) => subtract(x, reduceMax(x, { axes: [axis], keepDims: true }));
const summed = (x: Tensor, axis: number) => reduceSum(x, { axes: [axis], keepDims: true });

export const normalizationDecompositions: Decompositions = [
  decomposition(batchNormTrainingOp, training),
  decomposition(batchNormGradOp, gradient),
  // Kernels only normalize the last axis; this way the axis stays where it is in memory.
  decomposition(softmaxOp, ([x], { axis }) => {
    if (x.shape[axis] === 0) return undefined;
    const powers = exp(shifted(x, axis));
    return divide(powers, summed(powers, axis));
  }),
  decomposition(logSoftmaxOp, ([x], { axis }) => {
    if (x.shape[axis] === 0) return undefined;
    const distances = shifted(x, axis);
    return subtract(distances, log(summed(exp(distances), axis)));
  }),
];
