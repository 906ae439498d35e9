import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import type { TrainingEvent } from './events.js';
import { recordMetrics } from './record-metrics.js';

const startAt = (step: number): TrainingEvent => ({
  type: 'start',
  step,
  steps: 9,
  objective: 'tiny',
  trained: 1,
  parameters: 1,
});
const stepAt = (step: number, loss: number): TrainingEvent => ({
  type: 'step',
  step,
  loss,
  metrics: {},
  learningRate: 0.1,
  seconds: 1,
  waitSeconds: 0,
  imagesPerSecond: 4,
});

async function record(path: string, ...events: TrainingEvent[]): Promise<TrainingEvent[]> {
  async function* source() {
    yield* events;
  }
  const seen: TrainingEvent[] = [];
  for await (const event of recordMetrics(source(), path)) seen.push(event);
  return seen;
}

test('every event is a line, and is passed on', async () => {
  const path = join(await temporaryDirectory(), 'runs', 'metrics.jsonl');
  const events = [startAt(0), stepAt(1, 0.5), stepAt(2, Number.NaN)];
  expect(await record(path, ...events)).toEqual(events);
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).loss)).toEqual([undefined, 0.5, 'NaN']);
  expect(JSON.parse(lines[1]!)).toEqual(events[1]);
});

test('a run that continues drops the steps that it makes again, and half a line', async () => {
  const path = join(await temporaryDirectory(), 'metrics.jsonl');
  await record(path, startAt(0), stepAt(1, 1), stepAt(2, 2), stepAt(3, 3));
  await appendFile(path, '{"type":"step","st');
  await record(path, startAt(2), stepAt(3, 33));
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line) as TrainingEvent);
  expect(events.map((event) => [event.type, event.step, event.type === 'step' ? event.loss : 0])).toEqual([
    ['start', 0, 0],
    ['step', 1, 1],
    ['step', 2, 2],
    ['start', 2, 0],
    ['step', 3, 33],
  ]);
});
