import {
  createScheme,
  isotropicGenotypes,
  latencyTableFromJson,
  latencyTableToJson,
  predictLatency,
  searchSpace,
  smallResnet,
} from '@nats/space';
import { expect, test } from 'vitest';
import { measureLatency } from './measure-latency.js';

const backbone = smallResnet({ widths: [8, 16], blocks: [1, 2] });
const space = searchSpace(backbone, { genotypes: isotropicGenotypes(2) });

/** A clock on which each run takes one millisecond. */
function even() {
  let now = 0;
  return () => now++;
}

test('a table has every convolution once, in the shapes that cost the same', async () => {
  const told: string[] = [];
  const table = await measureLatency({
    backbone,
    space,
    size: [32, 32],
    runtime: { threads: 1 },
    rounds: 2,
    milliseconds: 1,
    clock: even(),
    progress: { update: (text) => void told.push(text) },
  });
  expect(table.shapes.map(({ sites }) => sites)).toEqual([
    ['layer1.0.conv1'],
    ['layer1.0.conv2'],
    ['layer2.0.conv1'],
    ['layer2.0.conv2', 'layer2.1.conv2'],
    ['layer2.1.conv1'],
  ]);
  for (const { divisions, resolution } of table.shapes) {
    expect(resolution).toBe(0);
    expect(divisions.flatMap(({ extra, low, high }) => [extra, low, high])).toEqual(
      new Array(3 * divisions.length).fill(0),
    );
  }
  expect(table.stages).toEqual([
    { sites: ['layer1.0.conv1', 'layer1.0.conv2'], together: 1 },
    { sites: ['layer2.0.conv1', 'layer2.0.conv2', 'layer2.1.conv1', 'layer2.1.conv2'], together: 1 },
  ]);
  expect(table).toMatchObject({ backbone: backbone.name, network: 'backbone', original: { median: 1 } });
  expect(latencyTableFromJson(latencyTableToJson(table))).toEqual(table);
  expect(told.at(-1)).toContain('all convolutions of the whole network at once');
  const convolutions = space.sites.map(
    ({ name, channels }) => [name, Array.from({ length: channels }, (_, c) => c % 2)] as const,
  );
  const provenance = { tool: { name: 'test', version: '1' } };
  const scheme = createScheme({ backbone: backbone.name, genotypes: space.genotypes, convolutions, provenance });
  expect(predictLatency(table, scheme).ratio).toBe(1);
});

test('a signal ends it', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(measureLatency({ backbone, space, size: [32, 32], runtime: { threads: 1 }, signal })).rejects.toThrow(
    'stopped',
  );
});
