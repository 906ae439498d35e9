import { add, input, log, multiply, negate, reduceMean, reduceSum, type Scope, type Tensor } from '@nats/graph';
import type { SearchSpace } from '@nats/space';
import type { Objective } from '@nats/train/core';
import { mixture } from '../relaxations/mixture.js';
import { architectureOf, type Relaxation, supernetConvolution } from '../relaxations/supernet.js';

/** Input that scales the entropy term of the loss. */
export const ENTROPY_WEIGHT = 'entropyWeight';

/**
 * An objective whose searchable convolutions are those of a supernet. Its loss has the entropy of the architecture as
 * metric `entropy` (0 decided, 1 uniform); with `entropyTerm` it is added to the loss, times the fed `entropyWeight`.
 */
export function supernetObjective(
  objective: Objective,
  space: SearchSpace,
  relaxation: Relaxation,
  entropyTerm = false,
): Objective {
  const convolution = supernetConvolution(space, relaxation);
  return {
    ...objective,
    loss: (scope, options = {}) => {
      const { loss, metrics = {} } = objective.loss(scope, { ...options, convolution });
      const entropy = architectureEntropy(scope);
      const total = entropyTerm ? add(loss, multiply(entropy, input(ENTROPY_WEIGHT, 'float32', []))) : loss;
      return { loss: total, metrics: { ...metrics, entropy } };
    },
    ...(objective.evaluate && {
      evaluate: (context) =>
        objective.evaluate!({ ...context, convolution: supernetConvolution(space, { kind: 'exact' }) }),
    }),
  };
}

/** Mean entropy of all channel groups' distributions over genotypes, divided by its largest value: 0 to 1. */
function architectureEntropy(scope: Scope): Tensor {
  const rows = [...architectureOf(scope).values()].map((alpha) => {
    const p = mixture(alpha);
    const genotypes = alpha.shape[1] as number;
    const entropy = negate(reduceSum(multiply(p, log(add(p, 1e-12))), { axes: [1] }));
    return reduceMean(genotypes > 1 ? multiply(entropy, 1 / Math.log(genotypes)) : entropy);
  });
  return multiply(rows.reduce(add), 1 / rows.length);
}
