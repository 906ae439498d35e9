import { add, check, input, log, multiply, negate, reduceMean, reduceSum, type Scope, type Tensor } from '@nats/graph';
import type { LatencyTable, SearchSpace } from '@nats/space';
import type { Objective } from '@nats/train/core';
import { mixture } from '../relaxations/mixture.js';
import { architectureOf, type Relaxation, supernetConvolution } from '../relaxations/supernet.js';
import { expectedLatency, LATENCY_WEIGHT } from './expected-latency.js';

/** Input that scales the entropy term of the loss. */
export const ENTROPY_WEIGHT = 'entropyWeight';

/**
 * An objective whose searchable convolutions are those of a supernet. Its loss has the entropy of the architecture as
 * metric `entropy` (0 decided, 1 uniform); with `entropyTerm` it is added to the loss, times the fed `entropyWeight`. With a
 * latency table, what the architecture is expected to add to the original's latency is metric `latency`, and is added to the loss
 * times the fed `latencyWeight`. A
 * phase of a training may build the convolutions by another relaxation of the same space.
 * @throws NatsError `attribute` when the loss is built, if it builds none of the space's convolutions by `options.convolution`
 */
export function supernetObjective(
  objective: Objective,
  space: SearchSpace,
  relaxation: Relaxation,
  entropyTerm = false,
  latency?: LatencyTable,
): Objective {
  const convolution = supernetConvolution(space, relaxation);
  return {
    ...objective,
    loss: (scope, options = {}) => {
      const { loss, metrics = {} } = objective.loss(scope, { convolution, ...options });
      checkSearchable(scope, objective, space);
      const entropy = architectureEntropy(scope);
      const total = entropyTerm ? add(loss, multiply(entropy, input(ENTROPY_WEIGHT, 'float32', []))) : loss;
      if (!latency) return { loss: total, metrics: { ...metrics, entropy } };
      const expected = expectedLatency(architectureOf(scope), space, latency);
      return {
        loss: add(total, multiply(expected, input(LATENCY_WEIGHT, 'float32', []))),
        metrics: { ...metrics, entropy, latency: expected },
      };
    },
    ...(objective.evaluate && {
      evaluate: (context) =>
        objective.evaluate!({ ...context, convolution: supernetConvolution(space, { kind: 'exact' }) }),
    }),
  };
}

/** A loss that builds its network without asking for the convolutions has nothing to search. */
function checkSearchable(scope: Scope, { name }: Objective, { backbone, sites }: SearchSpace): void {
  const built = architectureOf(scope);
  const missing = sites.filter((site) => !built.has(site.name));
  check(missing.length === 0, 'attribute', () => ({
    rule: 'the loss of an objective that is searched builds every convolution of the space by options.convolution',
    received:
      built.size === 0
        ? `none of ${sites.length} built so`
        : `no ${missing.map((site) => site.name).join(', ')}; built are ${[...built.keys()].join(', ')}`,
    limit: `pass options.convolution of loss(scope, options) to the builder of ${backbone}, as buildBackbone's option, and a space of what it builds`,
    where: `the objective '${name}'`,
  }));
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
