import { expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { architectureOfEvent, decodeScheme } from '../loop/architecture.js';
import { averageArchitectures } from './average.js';

const architecture = (row: (site: number, group: number) => number[], of = space) =>
  architectureOfEvent(
    of,
    Object.fromEntries(
      of.sites.map(({ name, channelGroups }, s) => [name, Array.from({ length: channelGroups }, (_, k) => row(s, k))]),
    ),
  );

test('what two searches share is kept, what only one was sure of is not', () => {
  // Both: (2,2) in group 0. One alone: (3,3) in group 1, against the other's (1,1).
  const one = architecture((_, k) => (k === 0 ? [0.3, 0.6, 0.1] : k === 1 ? [0.1, 0.2, 0.7] : [0.8, 0.1, 0.1]));
  const two = architecture((_, k) => (k === 0 ? [0.2, 0.7, 0.1] : k === 1 ? [0.9, 0.05, 0.05] : [0.8, 0.1, 0.1]));
  const mean = averageArchitectures([one, two]);
  const [first, second] = mean.sites.get('layer1.0.conv1')!.probabilities;
  for (const [g, value] of [0.25, 0.65, 0.1].entries()) expect(first![g]).toBeCloseTo(value, 12);
  for (const [g, value] of [0.5, 0.125, 0.375].entries()) expect(second![g]).toBeCloseTo(value, 12);
  const scheme = decodeScheme(mean, { method: 'argmax' }, { tool: { name: 'test', version: '0' } });
  expect(Array.from(scheme.convolutions.get('layer1.0.conv1')!)).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
});

test('of one search it is that search', () => {
  const one = architecture(() => [0.25, 0.25, 0.5]);
  expect(averageArchitectures([one])).toEqual(one);
});

test('none, and searches of different spaces, are refused', () => {
  const one = architecture(() => [0.2, 0.3, 0.5]);
  const smaller = { ...space, sites: space.sites.map((site) => ({ ...site, channelGroups: 2 })) };
  expect(() => averageArchitectures([])).toThrow(/at least one search/);
  expect(() => averageArchitectures([one, architecture(() => [0.2, 0.3, 0.5], smaller)])).toThrow(
    /received planted 1x1 2x2 3x3: layer1.0.conv1\/2.*chose in one space/,
  );
});
