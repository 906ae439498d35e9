import { describe, expect, it } from 'vitest';
import { createScope } from './scope.js';
import { fanInUniform, type Initializer, initialize, kaimingNormal, mergeSpecs, ones, zeros } from './state-spec.js';
import { tensorData } from './tensor-data.js';

function specOf(...entries: readonly (readonly [string, readonly number[], Initializer])[]) {
  const scope = createScope();
  for (const [name, shape, initializer] of entries) scope.parameter(name, shape, initializer);
  return scope.spec;
}

const weight = ['weight', [3, 4], kaimingNormal(8)] as const;
const bias = ['bias', [4], fanInUniform(16)] as const;

describe('initialize', () => {
  it('depends on seed and name alone, not on the order of declaration', () => {
    const forward = initialize(specOf(weight, bias, ['more', [2], ones]), 5);
    const backward = initialize(specOf(bias, weight), 5);
    expect(backward.get('weight')).toEqual(forward.get('weight'));
    expect(backward.get('bias')).toEqual(forward.get('bias'));
    expect(initialize(specOf(weight), 6).get('weight')).not.toEqual(forward.get('weight'));
  });

  it('gives different names different values', () => {
    const values = initialize(specOf(weight, ['other', [3, 4], kaimingNormal(8)]), 5);
    expect(values.get('other')!.data).not.toEqual(values.get('weight')!.data);
  });

  it('follows the distributions', () => {
    const values = initialize(specOf(['n', [100, 100], kaimingNormal(8)], ['u', [100, 100], fanInUniform(16)]), 1);
    const mean = (data: ArrayLike<number>, f: (x: number) => number) =>
      Array.from(data, f).reduce((a, b) => a + b) / data.length;
    expect(mean(values.get('n')!.data, (x) => x * x)).toBeCloseTo(2 / 8, 2);
    expect(mean(values.get('n')!.data, (x) => x)).toBeCloseTo(0, 1);
    expect(Math.max(...values.get('u')!.data)).toBeLessThanOrEqual(0.25);
    expect(Math.min(...values.get('u')!.data)).toBeLessThan(-0.24);
  });

  it('takes constants and given values', () => {
    const given = tensorData('float32', [2], [7, 8]);
    const values = initialize(specOf(['z', [2], zeros], ['g', [2], { kind: 'values', values: given }]), 1);
    expect(Array.from(values.get('z')!.data)).toEqual([0, 0]);
    expect(values.get('g')).toBe(given);
    const wrong = specOf(['g', [3], { kind: 'values', values: given }]);
    expect(() => initialize(wrong, 1)).toThrow(/g.*received float32\[2\].*initial values .*float32\[3\]/);
  });
});

describe('mergeSpecs', () => {
  it('joins, the first declaration first', () => {
    expect([...mergeSpecs(specOf(weight), specOf(bias, weight)).keys()]).toEqual(['weight', 'bias']);
  });

  it('refuses contradictions', () => {
    const other = specOf(['weight', [4, 3], ones]);
    expect(() => mergeSpecs(specOf(weight), other)).toThrow(/weight.*one dtype and shape .*/);
  });
});
