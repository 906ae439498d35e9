import { hash32 } from '@nats/graph';
import { expect, test } from 'vitest';
import type { Genotype } from '../genotypes.js';
import { schemeAgreement } from './agreement.js';
import { createScheme, keepsOriginal } from './scheme.js';

const scheme = (
  choices: Record<string, readonly number[]>,
  genotypes: readonly Genotype[] = [
    [1, 1],
    [2, 2],
  ],
  backbone = 'small',
) =>
  createScheme({
    backbone,
    genotypes,
    convolutions: Object.entries(choices).map(([name, choice]) => [name, Int32Array.from(choice)] as const),
    provenance: { tool: { name: 'test', version: '0' }, method: 'test' },
  });

test("Cohen's kappa of a worked example", () => {
  // 7 of 10 alike; shares 0.6 and 0.5 of genotype 0: chance 0.6 x 0.5 + 0.4 x 0.5.
  const a = scheme({ conv: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1] });
  const b = scheme({ conv: [0, 0, 0, 0, 1, 1, 1, 1, 1, 0] });
  const { observed, chance, kappa } = schemeAgreement(a, b).byConvolution.get('conv')!;
  expect(observed).toBeCloseTo(0.7, 12);
  expect(chance).toBeCloseTo(0.5, 12);
  expect(kappa).toBeCloseTo(0.4, 12);
});

test('genotypes count by what they are, not by where they are listed; unnamed convolutions are (1,1)', () => {
  const a = scheme({ conv: [0, 1, 0, 1], other: [1, 0, 0, 0] });
  const b = scheme({ conv: [1, 0, 1, 0] }, [
    [2, 2],
    [1, 1],
  ]);
  const { byConvolution, overall } = schemeAgreement(a, b);
  expect(byConvolution.get('conv')!.kappa).toBe(1);
  expect(byConvolution.get('other')).toEqual({ observed: 0.75, chance: 0.75, kappa: 0, channels: 4 });
  expect(overall.observed).toBeCloseTo((1 + 0.75) / 2, 12);
  expect(overall.kappa).toBeCloseTo((0.875 - 0.625) / (1 - 0.625), 12);
});

test('two original networks are alike without evidence', () => {
  const plain = scheme({ conv: [0, 0, 0] });
  expect(schemeAgreement(plain, plain).overall).toEqual({ observed: 1, chance: 1, kappa: undefined, channels: 3 });
});

test('random schemes agree by chance', () => {
  const random = (seed: number) => scheme({ conv: Array.from({ length: 20_000 }, (_, i) => hash32(seed, i) % 2) });
  expect(Math.abs(schemeAgreement(random(1), random(2)).overall.kappa!)).toBeLessThan(0.02);
});

test('schemes of different backbones and sizes are refused', () => {
  const a = scheme({ conv: [0, 1] });
  expect(() => schemeAgreement(a, scheme({ conv: [0, 1] }, undefined, 'large'))).toThrow(/small and large/);
  expect(() => schemeAgreement(a, scheme({ conv: [0, 1, 1] }))).toThrow(/2 and 3.*conv/);
});

test('a scheme keeps the original where all channels have dilation (1,1), wherever that is listed', () => {
  expect(keepsOriginal(scheme({ conv: [0, 0] }))).toBe(true);
  expect(keepsOriginal(scheme({}))).toBe(true);
  expect(keepsOriginal(scheme({ conv: [0, 1] }))).toBe(false);
  const listed: Genotype[] = [
    [2, 2],
    [1, 1],
  ];
  expect(keepsOriginal(scheme({ conv: [1, 1] }, listed))).toBe(true);
  expect(keepsOriginal(scheme({ conv: [0, 0] }, listed))).toBe(false);
});
