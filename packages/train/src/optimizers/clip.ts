import {
  add,
  check,
  divide,
  minimum,
  multiply,
  reduceSum,
  reshape,
  sqrt,
  square,
  stack,
  type Tensor,
} from '@nats/graph';

/** The length of all gradients taken as one vector. */
function globalNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(reduceSum(stack(gradients.map(squaredSum), 0)));
}

/** Per row first: float32 sums over millions of elements lose digits. */
function squaredSum(gradient: Tensor): Tensor {
  const rows = gradient.shape.length > 1 ? reshape(gradient, [gradient.shape[0]!, -1]) : gradient;
  const sums = rows.shape.length > 1 ? reduceSum(square(rows), { axes: [1] }) : square(rows);
  return reduceSum(sums);
}

/**
 * Shortens gradients whose common length is over `limit` to that length, as PyTorch's `clip_grad_norm_`
 * (Pascanu et al. 2013).
 * @returns the gradients, and their length before.
 */
export function clipByGlobalNorm(gradients: readonly Tensor[], limit: number): { gradients: Tensor[]; norm: Tensor } {
  check(limit > 0, 'attribute', () => ({ rule: 'gradients are clipped to a positive norm', received: String(limit) }));
  const norm = globalNorm(gradients);
  const factor = minimum(divide(limit, add(norm, 1e-6)), 1);
  return { gradients: gradients.map((gradient) => multiply(gradient, factor)), norm };
}
