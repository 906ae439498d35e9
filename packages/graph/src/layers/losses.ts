import { multiply, subtract } from '../ops/binary.js';
import { oneHot } from '../ops/indexing.js';
import { reduceMean, reduceSum } from '../ops/reduction.js';
import { logSoftmax } from '../ops/softmax.js';
import { negate } from '../ops/unary.js';
import type { Tensor } from '../tensor.js';

/**
 * Mean cross-entropy of a batch.
 * @param logits `[N, classes]`
 * @param labels int32 `[N]`, 0 to classes - 1
 * @param smoothing share of the target spread evenly over all classes (label smoothing); default 0
 */
export function crossEntropy(logits: Tensor, labels: Tensor, smoothing = 0): Tensor {
  const classes = logits.shape[1] as number;
  const logProbabilities = logSoftmax(logits, 1);
  const target = oneHot(labels, classes);
  const smoothed = smoothing === 0 ? target : subtract(multiply(target, 1 - smoothing), -smoothing / classes);
  return negate(reduceMean(reduceSum(multiply(smoothed, logProbabilities), { axes: [1] })));
}
