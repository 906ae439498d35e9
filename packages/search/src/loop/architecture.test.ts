import { keepsOriginal } from '@nats/space';
import { expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { architectureOfEvent, decodeScheme } from './architecture.js';

const TOOL = { tool: { name: 'test', version: '0' } };
/** Sure of (2,2) in one channel group, hardly for a dilation in the others. */
const architecture = architectureOfEvent(
  space,
  Object.fromEntries(
    space.sites.map(({ name, channelGroups }) => [
      name,
      Array.from({ length: channelGroups }, (_, k) => (k === 0 ? [0.1, 0.85, 0.05] : [0.3, 0.36, 0.34])),
    ]),
  ),
);

test('a margin leaves the dilations that the evidence is clear for, and says so in the scheme', () => {
  const dilated = (margin?: number) => {
    const scheme = decodeScheme(architecture, { method: 'argmax', ...(margin && { margin }) }, TOOL);
    return scheme.convolutions.get('layer1.0.conv1')!.filter((g) => g !== 0).length;
  };
  expect([dilated(), dilated(1), dilated(2), dilated(20)]).toEqual([8, 8, 2, 0]);
  const { provenance } = decodeScheme(architecture, { method: 'argmax', margin: 2 }, TOOL);
  expect(provenance.method).toBe('decoded argmax, margin 2');
});

test('a search that finds nothing keeps the original', () => {
  expect(keepsOriginal(decodeScheme(architecture, { method: 'argmax', margin: 20 }, TOOL))).toBe(true);
  expect(keepsOriginal(decodeScheme(architecture, { method: 'argmax', margin: 2 }, TOOL))).toBe(false);
});

test('a margin needs (1,1) in the space', () => {
  const dilations = { ...space, genotypes: space.genotypes.slice(1) };
  const other = architectureOfEvent(
    dilations,
    Object.fromEntries(space.sites.map(({ name, channelGroups }) => [name, Array(channelGroups).fill([0.5, 0.5])])),
  );
  expect(() => decodeScheme(other, { method: 'argmax', margin: 2 }, TOOL)).toThrow(
    /margin 2 with the genotypes 2x2, 3x3, but .*; a space with \(1,1\)/,
  );
});
