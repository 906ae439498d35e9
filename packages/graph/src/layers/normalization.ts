import { check } from '../errors.js';
import { batchNormTraining } from '../ops/batch-norm.js';
import { add, divide, multiply, subtract } from '../ops/binary.js';
import { reduceMean } from '../ops/reduction.js';
import { reshape } from '../ops/reshape.js';
import { sqrt, square } from '../ops/unary.js';
import type { Scope } from '../scope.js';
import { ones, zeros } from '../state-spec.js';
import { formatShape, type Tensor } from '../tensor.js';

/** Options of the `batchNorm` layer. */
export interface BatchNormOptions {
  /** Default 1e-5, as PyTorch. */
  readonly epsilon?: number;
  /** Share of the batch's statistics in the new running ones; default 0.1, as PyTorch. */
  readonly momentum?: number;
}

/**
 * Batch norm of `[N, C, H, W]` over N, H and W, with `weight`, `bias`, `running_mean` and `running_var` of `[C]`.
 * As in PyTorch the batch is normalized with the biased variance, and the running variance takes the unbiased one.
 */
export function batchNorm(scope: Scope, x: Tensor, { epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions = {}): Tensor {
  return scope.build(() => {
    const channels = x.shape[1] as number;
    const weight = scope.parameter('weight', [channels], ones);
    const bias = scope.parameter('bias', [channels], zeros);
    const runningMean = scope.statistic('running_mean', [channels], zeros);
    const runningVariance = scope.statistic('running_var', [channels], ones);
    const perChannel = (value: Tensor) => reshape(value, [channels, 1, 1]);
    if (scope.normalization === 'running') {
      const scale = divide(weight, sqrt(add(runningVariance, epsilon)));
      return add(multiply(x, perChannel(scale)), perChannel(subtract(bias, multiply(runningMean, scale))));
    }
    const count = (x.shape as number[]).reduce((product, size) => product * size, 1) / channels;
    check(count > 1, 'shape', () => ({
      rule: 'batch statistics need more than one value per channel',
      received: formatShape(x.shape),
      limit: 'a larger batch or feature map, or running statistics',
    }));
    const { y, mean, variance } = batchNormTraining(x, weight, bias, epsilon);
    scope.moveStatistic(runningMean, mean, momentum);
    scope.moveStatistic(runningVariance, multiply(variance, count / (count - 1)), momentum);
    return y;
  });
}

/** Group norm (Wu and He 2018) of `[N, C, H, W]` over each group's channels and pixels, with `weight` and `bias` of `[C]`. */
export function groupNorm(scope: Scope, x: Tensor, groups: number, epsilon = 1e-5): Tensor {
  return scope.build(() => {
    const [n, channels, h, w] = x.shape as [number, number, number, number];
    check(channels % groups === 0, 'attribute', () => ({
      rule: "a group norm's groups divide the channels",
      received: `${groups} groups for ${channels} channels`,
    }));
    const weight = scope.parameter('weight', [channels], ones);
    const bias = scope.parameter('bias', [channels], zeros);
    const grouped = reshape(x, [n, groups, (channels / groups) * h * w]);
    const centered = subtract(grouped, reduceMean(grouped, { axes: [2], keepDims: true }));
    const variance = reduceMean(square(centered), { axes: [2], keepDims: true });
    const normalized = reshape(divide(centered, sqrt(add(variance, epsilon))), x.shape);
    return add(multiply(normalized, reshape(weight, [channels, 1, 1])), reshape(bias, [channels, 1, 1]));
  });
}
