import { expect, test } from 'vitest';
import { float16Bits, float16Value, LARGEST_FLOAT16 } from './float16.js';

test('every float16 is itself', () => {
  const all = Array.from({ length: 65536 }, (_, bits) => bits);
  const numbers = all.filter((bits) => !Number.isNaN(float16Value(bits)));
  expect(numbers.map((bits) => float16Bits(float16Value(bits)))).toEqual(numbers);
  expect(all.length - numbers.length).toBe(2 * 1023);
  expect(float16Value(float16Bits(Number.NaN))).toBeNaN();
});

test('what lies between two goes to the nearer one, and from the middle to the even one', () => {
  const all = Array.from({ length: 0x7bff }, (_, bits) => bits);
  // Quarters of a step are exact in float32.
  const between = (part: number) =>
    all.map((bits) => {
      const [low, high] = [float16Value(bits), float16Value(bits + 1)];
      return float16Bits(low + part * (high - low));
    });
  expect(between(0.25)).toEqual(all);
  expect(between(0.75)).toEqual(all.map((bits) => bits + 1));
  expect(between(0.5)).toEqual(all.map((bits) => bits + (bits % 2)));
});

test('the ends: the largest, what is beyond it, and what is next to nothing', () => {
  expect(float16Value(float16Bits(LARGEST_FLOAT16))).toBe(65504);
  expect(float16Value(float16Bits(65519))).toBe(65504);
  expect(float16Value(float16Bits(-65520))).toBe(Number.NEGATIVE_INFINITY);
  expect(float16Value(float16Bits(3e38))).toBe(Number.POSITIVE_INFINITY);
  expect(float16Value(float16Bits(2 ** -24))).toBe(2 ** -24);
  expect(float16Bits(2 ** -25)).toBe(0);
  expect(float16Bits(1.5 * 2 ** -25)).toBe(1);
  expect(float16Bits(-1e-40)).toBe(0x8000);
  // The smallest denormal float32 numbers have other exponents than the smallest normal ones.
  expect(float16Bits(2 ** -149)).toBe(0);
});
