import {
  add,
  concat,
  constant,
  multiply,
  reduceSum,
  sliceAxis,
  subtract,
  type Tensor,
  tensorData,
  transpose,
} from '@nats/graph';
import type { LatencyTable, SearchSpace } from '@nats/space';
import { mixture } from '../relaxations/mixture.js';
import { spaceLatency } from './latency-costs.js';

/** Input that scales the latency term of the loss. */
export const LATENCY_WEIGHT = 'latencyWeight';

/**
 * The latency that an architecture is expected to add, as a part of the original's, if each channel group draws its genotype
 * from its distribution: a differentiable term of a search's objective (as the expected latency of ProxylessNAS, Cai et al.
 * 2019, section 4.1, and FBNet, Wu et al. 2019, equation 9, whose operators cost the same whatever else is chosen).
 *
 * Here a layer's cost is not linear in the probabilities: it depends on how many channels each genotype has. By the additive
 * model of a division (`DivisionModel`), several parts cost `join` and a part of n groups costs c_g(n), so
 *
 *     E = join (1 - sum_g P(N_g = K)) + sum_g sum_n P(N_g = n) c_g(n)
 *
 * with N_g the number of the K groups that draw genotype g, a sum of independent Bernoulli variables (Poisson's binomial
 * distribution). Its distribution is built group by group, P(n) <- P(n) (1 - p) + P(n - 1) p: exact, and polynomial in the
 * probabilities. Convolutions with as many groups go through it together. The sum over convolutions is an upper bound where
 * neighbors share costs (`LatencyStage.together`).
 * @param architecture by convolution the parameters of its groups, `[K, G]`, whose softmax is the distribution
 * @returns a scalar
 * @throws NatsError as `spaceLatency`
 */
export function expectedLatency(
  architecture: ReadonlyMap<string, Tensor>,
  space: SearchSpace,
  table: LatencyTable,
): Tensor {
  const latency = spaceLatency(space, table);
  const byGroups = new Map<number, { readonly rows: Tensor[]; readonly costs: number[] }>();
  let join = 0;
  for (const { name, channels, channelGroups } of space.sites) {
    const { model } = latency.sites.get(name)!;
    const size = channels / channelGroups;
    const own = byGroups.get(channelGroups) ?? { rows: [], costs: [] };
    byGroups.set(channelGroups, own);
    own.rows.push(transpose(mixture(architecture.get(name)!), [1, 0]));
    for (const place of latency.genotypes) {
      for (let n = 0; n <= channelGroups; n++) {
        const part = n === 0 ? 0 : n === channelGroups ? -model.join : model.part(n * size);
        own.costs.push((n / channelGroups) * model.whole[place]! + part);
      }
    }
    join += model.join;
  }
  const sums = [...byGroups].map(([groups, { rows, costs }]) => {
    const probabilities = rows.length === 1 ? rows[0]! : concat(rows, 0);
    const counts = poissonBinomial(probabilities, groups);
    return reduceSum(multiply(counts, constant(tensorData('float32', counts.shape as number[], costs))));
  });
  return add(sums.reduce(add), join);
}

/**
 * Of each row the distribution of the number of successes among independent trials.
 * @param probabilities `[R, K]`
 * @returns `[R, K + 1]`
 */
function poissonBinomial(probabilities: Tensor, trials: number): Tensor {
  const rows = probabilities.shape[0] as number;
  const first = new Float32Array(rows * (trials + 1));
  for (let row = 0; row < rows; row++) first[row * (trials + 1)] = 1;
  let counts: Tensor = constant(tensorData('float32', [rows, trials + 1], first));
  const none = constant(tensorData('float32', [rows, 1], new Float32Array(rows)));
  for (let k = 0; k < trials; k++) {
    const p = sliceAxis(probabilities, 1, k, k + 1);
    const more = concat([none, sliceAxis(counts, 1, 0, trials)], 1);
    counts = add(multiply(counts, subtract(1, p)), multiply(more, p));
  }
  return counts;
}
