import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { inTrainings, stepSeconds } from './step-seconds.js';

const steps = (seconds: (step: number) => number) =>
  Array.from({ length: 40 }, (_, i) => JSON.stringify({ type: 'step', step: i + 1, seconds: seconds(i + 1) })).join(
    '\n',
  );

test('undisturbed steps before and after the architecture moves, the least of several runs', async () => {
  const folder = await temporaryDirectory({
    'a/metrics.jsonl': `{"type":"start","step":0}\n${steps((step) => (step <= 10 ? 1 : 2) + (step % 3 === 0 ? 0 : 5))}\n`,
    'b/metrics.jsonl': `${steps((step) => (step <= 10 ? 3 : 1.5))}\n`,
  });
  const folders = ['a', 'b', 'none'].map((name) => join(folder, name));
  expect(await stepSeconds(folders, 10)).toEqual({ before: 1, after: 1.5 });
  expect(await stepSeconds(folders.slice(2), 10)).toBeUndefined();
});

test('a search in trainings of as many steps', () => {
  expect(inTrainings({ before: 0.5, after: 1 }, 300, 1000, 0.2)).toBeCloseTo(0.85 / 0.2, 12);
});
