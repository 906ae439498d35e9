import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, it } from 'vitest';
import { crc32c } from './crc32c.js';
import { recordTensorboard } from './record-tensorboard.js';

const fixtures = new URL('./fixtures/', import.meta.url);

/** What TensorBoard read in the file beside it: bench/read_tensorboard.py. */
const answer = JSON.parse(readFileSync(new URL('answer.json', fixtures), 'utf8')) as {
  readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number | string])[]>>;
};

const EVENTS = [
  { type: 'start', step: 0, steps: 3 },
  { type: 'step', step: 1, loss: 2.5, learningRate: 0.1, metrics: { accuracy: 0.25 }, imagesPerSecond: 12 },
  { type: 'step', step: 2, loss: 2, learningRate: 0.05, metrics: { accuracy: 0.5 }, imagesPerSecond: 13 },
  { type: 'evaluation', step: 2, split: 'val', metrics: { AP: 0.375, AP50: 0.5 } },
  {
    type: 'architecture',
    step: 2,
    probabilities: {
      'layer1.0.conv1': [
        [0.5, 0.25, 0.25],
        [1, 0, 0],
      ],
    },
  },
  { type: 'checkpoint', step: 2, names: ['last'], paths: [] },
  // The same run goes on from step 1: what was written of step 2 no longer counts.
  { type: 'start', step: 1, steps: 3 },
  { type: 'step', step: 2, loss: 1.5, learningRate: 0.05, metrics: { accuracy: 0.75 }, imagesPerSecond: 14 },
  { type: 'evaluation', step: 2, split: 'val', metrics: { AP: 0.625 } },
  {
    type: 'architecture',
    step: 2,
    probabilities: {
      'layer1.0.conv1': [
        [0.25, 0.25, 0.5],
        [0.75, 0.25, 0],
      ],
    },
  },
  { type: 'step', step: 3, loss: Number.NaN, learningRate: 0.05, metrics: {}, imagesPerSecond: 14 },
  { type: 'end', step: 3, reason: 'finished' },
];

async function* given<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function written(): Promise<{ bytes: Buffer; passed: unknown[] }> {
  const folder = join(await temporaryDirectory(), 'tensorboard');
  let time = 1_700_000_000_000;
  const options = { genotypes: ['1x1', '2x2', '3x3'], name: 'events.out.tfevents.1', now: () => (time += 500) };
  const passed: unknown[] = [];
  for await (const event of recordTensorboard(given(EVENTS), folder, options)) passed.push(event);
  return { bytes: await readFile(join(folder, options.name)), passed };
}

it('passes events on, and writes the file that TensorBoard has read', async () => {
  const { bytes, passed } = await written();
  expect(passed).toEqual(EVENTS);
  await expect(bytes.toString('base64')).toMatchFileSnapshot('./fixtures/events.base64');
});

it('TensorBoard found in it every number, and forgot the step that was taken again', () => {
  const { scalars } = answer;
  expect(scalars.loss).toEqual([
    [1, 2.5],
    [2, 1.5],
    [3, 'nan'],
  ]);
  expect(scalars['train/accuracy']).toEqual([
    [1, 0.25],
    [2, 0.75],
  ]);
  expect(scalars.learningRate!.map(([step]) => step)).toEqual([1, 2, 3]);
  expect(scalars['val/AP']).toEqual([[2, 0.625]]);
  // Means over the groups of channels.
  const shares = ['1x1', '2x2', '3x3'].map((genotype) => scalars[`probabilities/layer1.0.conv1/${genotype}`]);
  expect(shares).toEqual([[[2, 0.5]], [[2, 0.25]], [[2, 0.25]]]);
});

it('has a file of its own for each process', async () => {
  const folder = await temporaryDirectory();
  for await (const _ of recordTensorboard(given(EVENTS.slice(0, 2)), folder));
  expect(await readdir(folder)).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d+\..+\.\d+\.0$/)]);
});

it('its checksum is that of RFC 3720', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});
