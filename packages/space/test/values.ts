import { hashNormal, hashUniform, type StateSpec, seedOf, sizeOf, type TensorData, tensorData } from '@nats/graph';

/** Values that leave nothing at 0 or 1: normal weights of a size that keeps signals alive, positive variances. */
export function hashedState(spec: StateSpec, seed: number): Map<string, TensorData> {
  return new Map(
    [...spec.values()].map(({ name, shape }) => {
      const own = seedOf(seed, name);
      const fan = sizeOf(shape.slice(1));
      const value = (i: number) => {
        if (name.endsWith('running_var')) return 0.5 + hashUniform(own, i);
        if (shape.length === 1) return name.endsWith('weight') ? 0.5 + hashUniform(own, i) : 0.3 * hashNormal(own, i);
        return hashNormal(own, i) * Math.sqrt(2 / fan);
      };
      return [
        name,
        tensorData(
          'float32',
          shape,
          Float64Array.from({ length: sizeOf(shape) }, (_, i) => value(i)),
        ),
      ];
    }),
  );
}

export function hashedInput(shape: readonly number[], seed: number): TensorData {
  return tensorData(
    'float32',
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => hashNormal(seed, i)),
  );
}

/** max|a - b| / max|b| */
export function relativeError(actual: TensorData, expected: TensorData): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  let [difference, scale] = [0, 0];
  for (const [i, value] of expected.data.entries()) {
    difference = Math.max(difference, Math.abs(actual.data[i]! - value));
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? difference : difference / scale;
}
