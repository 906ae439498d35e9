import { tensorData } from '@nats/graph';
import { expect, test } from 'vitest';
import { decodeKernelL1 } from './kernel-l1.js';

test('each channel gets the genotype that keeps most of its kernel', () => {
  const side = 5;
  const data = new Float32Array(3 * 1 * side * side);
  const put = (channel: number, y: number, x: number, value: number) => {
    data[channel * side * side + (2 + y) * side + 2 + x] = value;
  };
  put(0, 1, 1, -3); // a tap of (1, 1)
  put(1, 2, 2, 2); // of (2, 2)
  put(1, 1, 1, 1);
  put(2, 2, 1, 4); // of (2, 1)
  const kernel = tensorData('float32', [3, 1, side, side], data);
  expect([
    ...decodeKernelL1(kernel, [
      [1, 1],
      [2, 2],
      [2, 1],
    ]),
  ]).toEqual([0, 1, 2]);
});

test('a kernel that is too small for a genotype is refused', () => {
  const kernel = tensorData('float32', [1, 1, 3, 3], new Float32Array(9));
  expect(() => decodeKernelL1(kernel, [[2, 2]])).toThrow(/a side of at least 5/);
});
