import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordMetrics, type TrainingEvent } from '@nats/train';
import { expect, test } from 'vitest';
import { meanShares, searchCurves, trainingCurves } from './metrics-lines.js';

const step = (number: number, loss: number, metrics: Record<string, number> = {}): TrainingEvent => ({
  type: 'step',
  step: number,
  loss,
  metrics,
  learningRate: 0.1,
  seconds: 1,
  waitSeconds: 0,
  imagesPerSecond: 16,
});

const linesOf = (text: string) => [text.split('\n')];

async function recorded(events: readonly TrainingEvent[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metrics-'));
  const path = join(folder, 'metrics.jsonl');
  const stream = async function* () {
    yield* events;
  };
  for await (const _ of recordMetrics(stream(), path));
  const text = await readFile(path, 'utf8');
  await rm(folder, { recursive: true });
  return text;
}

test('reads what recordMetrics writes, without numbers that are none', async () => {
  const text = await recorded([
    { type: 'start', step: 0, steps: 2, objective: 'o', trained: 1, parameters: 1 },
    step(1, 2.5),
    step(2, Number.NaN),
    { type: 'evaluation', step: 2, split: 'test', metrics: { AP: 0.2, bad: Number.NaN }, seconds: 1, best: true },
    { type: 'end', step: 2, reason: 'finished' },
  ]);
  expect(await trainingCurves(linesOf(text))).toEqual({
    points: [{ step: 1, loss: 2.5, learningRate: 0.1 }],
    evaluations: [{ step: 2, split: 'test', metrics: { AP: 0.2 } }],
  });
});

test('a search: both losses, the newer entropy, and shares from architecture lines', async () => {
  const text = await recorded([
    step(1, 3, { entropy: 1 }),
    step(2, 2, { entropy: 0.9, 'architecture/loss': 2.2, 'architecture/entropy': 0.8 }),
  ]);
  const line = {
    type: 'architecture',
    step: 2,
    probabilities: {
      conv: [
        [0.5, 0.5],
        [1, 0],
      ],
    },
  };
  expect(await searchCurves(linesOf(`${text}${JSON.stringify(line)}\n`))).toEqual({
    points: [
      { step: 1, weightsLoss: 3, entropy: 1 },
      { step: 2, weightsLoss: 2, architectureLoss: 2.2, entropy: 0.8 },
    ],
    intensities: [{ step: 2, layers: [{ name: 'conv', shares: [0.75, 0.25] }] }],
  });
});

test('a half-written last line is left out; any other broken line is an error with its number', async () => {
  const half = '{"type":"step","step":1,"loss":2}\n{"type":"st';
  expect((await trainingCurves(linesOf(half))).points).toEqual([{ step: 1, loss: 2 }]);
  const read = (text: string) => trainingCurves(linesOf(text), 'm.jsonl');
  await expect(read('{"type"\n{"type":"step"}\n')).rejects.toThrow(/m\.jsonl, line 1/);
  await expect(read('{"type":"step"}\n[1]\n')).rejects.toThrow(/line 2: .*a JSON object/);
});

test('shares of nothing', () => {
  expect(meanShares({ a: [], b: 'no', c: [[]] })).toEqual([]);
});
