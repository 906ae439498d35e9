import { add } from '../ops/binary.js';
import { matMul } from '../ops/matmul.js';
import type { Scope } from '../scope.js';
import { fanInUniform, type Initializer } from '../state-spec.js';
import type { Tensor } from '../tensor.js';

/** `x W^T + b` with `weight` `[out, in]` and `bias` `[out]`: `[N, in]` to `[N, out]`. */
export function linear(scope: Scope, x: Tensor, features: number, initializer?: Initializer): Tensor {
  return scope.build(() => {
    const inputs = x.shape.at(-1) as number;
    const start = initializer ?? fanInUniform(inputs);
    const weight = scope.parameter('weight', [features, inputs], start);
    return add(matMul(x, weight, { transposeB: true }), scope.parameter('bias', [features], start));
  });
}
