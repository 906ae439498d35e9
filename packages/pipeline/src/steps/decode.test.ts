import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { architectureOfEvent } from '@nats/search';
import { keepsOriginal, latencyTableToJson } from '@nats/space';
import { expect, test } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { measureLatency } from '../latency/measure-latency.js';
import { decode, latencyTableOf, predictionText } from './decode.js';
import { searchedBackbone, spaceOf } from './task.js';

const DETECTOR = {
  kind: 'fcos',
  inputSize: [32, 32],
  stages: ['C3'],
  channels: 32,
  extra: 'none',
  ranges: [[0, null]],
};
const config = (latency: string, more: object = {}) =>
  parseConfig(
    {
      backbone: { name: 'small-resnet', widths: [8, 8] },
      detector: DETECTOR,
      space: { genotypes: ['1', '2'], groups: 2 },
      decode: { maxLatency: 1, latency },
      ...more,
    },
    'x.json',
  );

test('a table that was measured limits what is decoded, and must be of what is searched', async () => {
  const path = join(await temporaryDirectory(), 'table.json');
  const settings = config(path);
  const backbone = searchedBackbone(settings);
  const space = spaceOf(settings, backbone);
  const measured = await measureLatency({
    backbone,
    space,
    size: [32, 32],
    runtime: { threads: 1 },
    rounds: 2,
    milliseconds: 1,
    clock: () => 0,
  });
  const shapes = measured.shapes.map((shape) => ({
    ...shape,
    contiguous: 0,
    divisions: shape.divisions.map(({ channels }) => {
      const extra = channels.filter((count) => count > 0).length > 1 ? 0.02 : 0;
      return { channels, extra, low: extra, high: extra };
    }),
  }));
  const original = { median: 2, low: 2, high: 2 };
  writeFileSync(path, latencyTableToJson({ ...measured, original, shapes }));
  const table = await latencyTableOf(settings, backbone);
  const sites = space.sites.map(({ name, channelGroups }) => [
    name,
    Array.from({ length: channelGroups }, (_, k) => (k === 0 ? [0.9, 0.1] : [0.45, 0.55])),
  ]);
  const architecture = architectureOfEvent(space, Object.fromEntries(sites));
  expect(keepsOriginal(decode(architecture, settings, table))).toBe(true);
  const wide = config(path, { decode: { maxLatency: 1.03, latency: path } });
  const scheme = decode(architecture, wide, table);
  expect([...scheme.convolutions.values()].filter((choice) => choice.includes(1))).toHaveLength(1);
  expect(predictionText(table!, scheme, 1.03)).toBe(
    "latency by the table: 1.020 of the original's (2.04 ms of backbone on cpu, 1 thread, limit 1.03)",
  );
  expect(() => decode(architecture, wide)).toThrow(/decode\.maxLatency is 1\.03, .*no latency table.*decode\.latency/);
  expect(scheme.provenance.config).toMatchObject({ decode: { latency: 'table.json', maxLatency: 1.03 } });

  const other = (more: object) => latencyTableOf(config(path, more), backbone);
  await expect(other({ detector: { ...DETECTOR, inputSize: [64, 32] } })).rejects.toThrow(/table\.json: .*32 x 32/);
  await expect(other({ export: { precision: 'float16' } })).rejects.toThrow(/received float32, .*precision/);
  await expect(latencyTableOf(config(join(path, 'none')), backbone)).rejects.toThrow(/none/);
});
