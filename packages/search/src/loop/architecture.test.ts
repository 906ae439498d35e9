import { keepsOriginal, type LatencyTable, predictLatency } from '@nats/space';
import { describe, expect, test } from 'vitest';
import { everyCount, tableOf } from '../../test/latency-table.js';
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

describe('a latency budget', () => {
  /** Every dilated channel of a part adds a thousandth. */
  const table = tableOf((_, channels) =>
    everyCount(channels, space.genotypes.length).map((counts) => ({
      channels: counts,
      extra: 0.001 * (channels - counts.at(-1)!),
    })),
  );
  const within = (maxLatency: number) =>
    decodeScheme(architecture, { method: 'argmax', budget: { maxLatency, table } }, TOOL);
  const dilated = (maxLatency: number) =>
    [...within(maxLatency).convolutions.values()].flatMap((choice) => [...choice]).filter((g) => g !== 0).length;

  test('is kept, spent on what is most certain, and free it is argmax', () => {
    const sites = space.sites.length;
    expect(keepsOriginal(within(1))).toBe(true);
    const size = space.sites[0]!.channels / space.sites[0]!.channelGroups;
    // Room for one group of each convolution: those that are sure.
    const scheme = within(1 + 0.001 * size * sites + 1e-4);
    for (const choice of scheme.convolutions.values()) {
      expect(choice.findLastIndex((g) => g !== 0)).toBe(size - 1);
      expect(new Set(choice)).toEqual(new Set([0, 1]));
    }
    expect(predictLatency(table, scheme).ratio).toBeCloseTo(1 + 0.001 * size * sites, 9);
    const budgets = [1, 1.001, 1.004, 1.01, 1.02, 1.05, 2];
    const counts = budgets.map(dilated);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    for (const budget of budgets) expect(predictLatency(table, within(budget)).ratio).toBeLessThanOrEqual(budget);
    const free = decodeScheme(architecture, { method: 'argmax' }, TOOL);
    expect([...within(10).convolutions]).toEqual([...free.convolutions]);
    expect(within(1.05).provenance.method).toBe('decoded argmax, latency at most 1.05');
  });

  test('is refused with options that decide otherwise, and for a table of another network', () => {
    const refused = (options: object, other: Partial<LatencyTable> = {}) => {
      const budget = { maxLatency: 1.05, table: { ...table, ...other } };
      return () => decodeScheme(architecture, { method: 'argmax', budget, ...options }, TOOL);
    };
    expect(refused({ method: 'proportional' })).toThrow(/a latency budget limits.*argmax/);
    expect(refused({ sharpening: 2 })).toThrow(/"sharpening":2/);
    expect(refused({}, { backbone: 'resnet50' })).toThrow(/a table of resnet50/);
    expect(refused({}, { genotypes: [[1, 1]] })).toThrow(/received 1x1, .*genotypes of the search's space/);
    expect(refused({}, { shapes: table.shapes.slice(1) })).toThrow(/received none of this name/);
  });
});
