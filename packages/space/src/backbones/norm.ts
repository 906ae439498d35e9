import { batchNorm, groupNorm, type Scope, type Tensor } from '@nats/graph';
import type { NormConfig } from './config.js';

export function normalize(scope: Scope, x: Tensor, norm: NormConfig): Tensor {
  return norm.kind === 'batch' ? batchNorm(scope, x, norm) : groupNorm(scope, x, norm.groups, norm.epsilon);
}
