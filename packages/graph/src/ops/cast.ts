import { apply, defineOp } from '../op.js';
import type { Tensor } from '../tensor.js';
import type { DType } from '../tensor-data.js';
import { referenceArray } from './broadcast.js';

/** float32 to integers truncates toward zero; to bool is "not 0". Out-of-range values are undefined, as in ONNX. */
export const castOp = defineOp<{ readonly to: DType }, [x: Tensor]>({
  name: 'cast',
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  gradient: ({ inputs, gradients }) => [inputs[0].dtype === 'float32' ? gradients[0] : undefined],
  evaluate: ([x], { to }) => {
    const data = referenceArray(to, x.data.length);
    for (let i = 0; i < data.length; i++) {
      const value = x.data[i]!;
      data[i] = to === 'bool' ? (value !== 0 ? 1 : 0) : to === 'float32' ? value : Math.trunc(value);
    }
    return [{ dtype: to, shape: x.shape, data }];
  },
});

/** x in another dtype; see `castOp` for what is rounded. */
export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply(castOp, [x], { to });
}

/** The value without its history: gradients stop here. */
export const stopGradientOp = defineOp<Record<never, never>, [x: Tensor]>({
  name: 'stopGradient',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: () => [undefined],
  evaluate: ([x]) => [x],
});

/** x, through which no gradient goes. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], {});
}
