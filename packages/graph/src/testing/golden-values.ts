import { hashNormal, hashUniform, seedOf } from '../random.js';
import type { StateSpec } from '../state-spec.js';
import { sizeOf, type TensorData, tensorData } from '../tensor-data.js';

/**
 * Value of a parameter or statistic in golden fixtures, by the kind that its name and rank tell; `value` of
 * tools/golden/golden.py says the same. Convolutions: normal with variance 2 / fan in; other matrices: 1 / fan in;
 * norms' weights: 0.9 to 1.1; biases and running means: -0.1 to 0.1; running variances: 0.5 to 1.5.
 */
export function goldenValue(seed: number, name: string, shape: readonly number[]): TensorData {
  const own = seedOf(seed, name);
  return tensorData('float32', shape, Float32Array.from({ length: sizeOf(shape) }, draw(own, name, shape)));
}

function draw(seed: number, name: string, shape: readonly number[]): (_: unknown, index: number) => number {
  if (name.endsWith('running_var')) return (_, i) => 0.5 + hashUniform(seed, i);
  if (name.endsWith('running_mean')) return (_, i) => 0.2 * hashUniform(seed, i) - 0.1;
  if (shape.length === 1) {
    if (name.endsWith('weight')) return (_, i) => 0.9 + 0.2 * hashUniform(seed, i);
    return (_, i) => 0.2 * hashUniform(seed, i) - 0.1;
  }
  const deviation = Math.sqrt((shape.length === 4 ? 2 : 1) / sizeOf(shape.slice(1)));
  return (_, i) => hashNormal(seed, i) * deviation;
}

/** `goldenValue` for every parameter and statistic; slots (momentum and the like) start as zeros. */
export function goldenState(spec: StateSpec, seed: number): Map<string, TensorData> {
  return new Map(
    [...spec.values()].map(({ name, kind, dtype, shape }) => [
      name,
      kind === 'slot' ? tensorData(dtype, shape, new Float64Array(sizeOf(shape))) : goldenValue(seed, name, shape),
    ]),
  );
}
