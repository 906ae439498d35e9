import { demoResnet, searchSpace } from '@nats/space';
import { expect, test } from 'vitest';
import { patternScheme } from './pattern-scheme.js';

const space = searchSpace(demoResnet(), {
  genotypes: [
    [1, 1],
    [2, 2],
    [3, 3],
  ],
  sites: { stages: ['C4'] },
  division: { groups: 4 },
});
const choices = (scheme: ReturnType<typeof patternScheme>) =>
  [...scheme.convolutions].map(([name, choice]) => [name.split('.')[0], [...new Set(choice)].sort().join('')]);

test('patterns are over the convolutions of the space alone', () => {
  expect(choices(patternScheme({ pattern: 'uniform', genotypes: ['2'] }, space, 0))).toEqual([
    ['layer3', '1'],
    ['layer3', '1'],
  ]);
  const cyclic = patternScheme({ pattern: 'cyclic', genotypes: ['1', '3'] }, space, 0);
  expect(choices(cyclic)[0]).toEqual(['layer3', '02']);
  const random = patternScheme({ pattern: 'random' }, space, 1, cyclic);
  const counts = (choice: Int32Array) => [0, 1, 2].map((g) => choice.filter((index) => index === g).length);
  for (const [name, choice] of random.convolutions)
    expect(counts(choice)).toEqual(counts(cyclic.convolutions.get(name)!));
  expect(random.convolutions).not.toEqual(cyclic.convolutions);
  expect(patternScheme({ pattern: 'random' }, space, 1, cyclic).convolutions).toEqual(random.convolutions);
  expect(() => patternScheme({ pattern: 'uniform', genotypes: ['5'] }, space, 0)).toThrow(/genotype is one of/);
});
