import { expect, test } from 'vitest';
import { exampleAt, shuffled } from './shuffle.js';

const range = (size: number) => Array.from({ length: size }, (_, i) => i);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

test.each([1, 2, 3, 5, 16, 17, 1000, 4097])('a shuffle of %i has every position once', (size) => {
  for (const seed of [0, 1, 123456789]) {
    expect(sorted(range(size).map((i) => shuffled(size, seed, i)))).toEqual(range(size));
  }
});

test('every position is about equally likely', () => {
  const counts = new Array<number>(10).fill(0);
  for (let seed = 0; seed < 5000; seed++) counts[shuffled(10, seed, 3)]!++;
  // 500 expected, deviation 21.
  for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(110);
});

test('neighbors are torn apart', () => {
  const order = range(1000).map((i) => shuffled(1000, 4, i));
  const close = order.slice(1).filter((value, i) => Math.abs(value - order[i]!) <= 1);
  expect(close.length).toBeLessThan(20);
});

test('each epoch has every example once, in an order of its own', () => {
  const epochs = [0, 1, 2].map((epoch) => range(7).map((i) => exampleAt(7, 3, epoch * 7 + i)));
  for (const epoch of epochs) expect(sorted(epoch)).toEqual(range(7));
  expect(new Set(epochs.map(String)).size).toBe(3);
});
