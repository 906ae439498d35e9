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
