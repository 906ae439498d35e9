import { type Lowerings, lower } from '@nats/export';
import { reduceSumOp } from '@nats/graph';
import { engineLowerings } from '../onnxruntime/lowerings/index.js';
import { webgpuLowerings } from '../onnxruntime/webgpu/lowerings/index.js';

/**
 * One axis after the other, last first: WebAssembly sums in four lanes where native code has sixteen, so that one long
 * sum loses digits sooner.
 */
const reduceSum = lower(reduceSumOp, ({ builder, inputs, outputs, attributes }) => {
  const { axes, keepDims } = attributes;
  let value = inputs[0];
  for (const [i, axis] of axes.toReversed().entries()) {
    const keepdims = Number(keepDims);
    const to = i === axes.length - 1 ? outputs : undefined;
    value = builder.node('ReduceSum', [value, builder.int64([axis])], { keepdims }, to);
  }
});

/** WebAssembly runs the CPU's kernels, so it gets the CPU's lowerings, as WebGPU its own; all else gets the portable ones. */
export function defaultLowerings(providers: readonly string[]): Lowerings {
  if (providers[0] === 'webgpu') return webgpuLowerings;
  return providers.every((provider) => provider === 'wasm') ? [...engineLowerings(), reduceSum] : [reduceSum];
}
