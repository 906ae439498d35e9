import { sizeOf, type TensorData } from '@nats/graph';

/** True if two shapes differ only in dimensions of size 1, as a linear layer [O, I] and a 1x1 convolution [O, I, 1, 1]. */
export function sameButOnes(a: readonly number[], b: readonly number[]): boolean {
  const left = a.filter((dimension) => dimension !== 1);
  const right = b.filter((dimension) => dimension !== 1);
  return left.length === right.length && left.every((dimension, axis) => dimension === right[axis]);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** A weight [O, 3, kh, kw] with its input channels in reverse order; `undefined` for any other shape. */
export function reverseInputChannels(tensor: TensorData): TensorData | undefined {
  const { shape, data } = tensor;
  if (shape.length !== 4 || shape[1] !== 3) return undefined;
  const plane = shape[2]! * shape[3]!;
  const reversed = data.slice();
  for (let start = 0; start < sizeOf(shape); start += 3 * plane) {
    reversed.set(data.subarray(start, start + plane), start + 2 * plane);
    reversed.set(data.subarray(start + 2 * plane, start + 3 * plane), start);
  }
  return { ...tensor, data: reversed };
}

/** torchvision's and detectron2's default of batch norms, and the one of this project's networks. */
export const NORM_EPSILON = 1e-5;

/**
 * Makes batch norms of another epsilon compute the same with `NORM_EPSILON`: each weight becomes
 * w * sqrt((var + NORM_EPSILON) / (var + epsilon)). The statistics stay.
 * @param tensors by name; entries that change are replaced.
 * @returns the names of the changed weights.
 */
export function rescaleNorms(tensors: Map<string, TensorData>, epsilon: number): string[] {
  const changed: string[] = [];
  for (const [name, { data: variance }] of [...tensors]) {
    if (!name.endsWith('.running_var')) continue;
    const of = `${name.slice(0, -'running_var'.length)}weight`;
    const weight = tensors.get(of);
    if (weight === undefined || weight.data.length !== variance.length) continue;
    const data = Float32Array.from(weight.data, (value, channel) => {
      const own = variance[channel]!;
      // A weight of 0 stays 0 beside a variance of 0.
      return value === 0 ? 0 : value * Math.sqrt((own + NORM_EPSILON) / (own + epsilon));
    });
    tensors.set(of, { ...weight, data });
    changed.push(of);
  }
  return changed;
}
