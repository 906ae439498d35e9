import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hash32, hashNormal, hashUniform, seedOf } from './random.js';

interface KnownValues {
  readonly hash32: readonly [number, number, number][];
  readonly uniform: readonly [number, number, number][];
  readonly normal: readonly [number, number, number][];
  readonly seedOf: readonly [number, string, number][];
}

// Written by tools/golden/hashing.py.
const known = JSON.parse(readFileSync(new URL('./fixtures/random.json', import.meta.url), 'utf8')) as KnownValues;

describe('hash numbers are those of tools/golden/hashing.py', () => {
  it('hash32', () => {
    expect(known.hash32.map(([seed, index]) => [seed, index, hash32(seed, index)])).toEqual(known.hash32);
  });
  it('hashUniform', () => {
    expect(known.uniform.map(([seed, index]) => [seed, index, hashUniform(seed, index)])).toEqual(known.uniform);
  });
  it('hashNormal', () => {
    expect(known.normal.map(([seed, index]) => [seed, index, hashNormal(seed, index)])).toEqual(known.normal);
  });
  it('seedOf', () => {
    expect(known.seedOf.map(([seed, name]) => [seed, name, seedOf(seed, name)])).toEqual(known.seedOf);
  });
});

describe('distributions', () => {
  const values = (draw: (seed: number, index: number) => number) =>
    Array.from({ length: 100_000 }, (_, i) => draw(3, i));
  const mean = (xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0) / xs.length;

  it('hashUniform fills [0, 1)', () => {
    const xs = values(hashUniform);
    expect(xs.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(mean(xs)).toBeCloseTo(0.5, 2);
    expect(mean(xs.map((x) => x * x))).toBeCloseTo(1 / 3, 2);
  });
  it('hashNormal has mean 0, variance 1 and a kurtosis of 2.9', () => {
    const xs = values(hashNormal);
    expect(mean(xs)).toBeCloseTo(0, 1);
    expect(mean(xs.map((x) => x * x))).toBeCloseTo(1, 1);
    expect(mean(xs.map((x) => x ** 4))).toBeCloseTo(2.9, 0);
  });
});
