import { batchNorm, groupNorm, type Scope, type Tensor } from '@nats/graph';

/** Normalization of a backbone's layers. */
export type NormConfig =
  | { readonly kind: 'batch'; readonly epsilon?: number; readonly momentum?: number }
  /** For training with very small batches. Parameters keep the names of the batch norm that it replaces. */
  | { readonly kind: 'group'; readonly groups: number; readonly epsilon?: number };

export function normalize(scope: Scope, x: Tensor, norm: NormConfig): Tensor {
  return norm.kind === 'batch' ? batchNorm(scope, x, norm) : groupNorm(scope, x, norm.groups, norm.epsilon);
}
