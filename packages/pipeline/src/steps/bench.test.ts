import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import type { OpenDetector } from '../model/open-detector.js';
import { accuracyOf, benchTable, type ModelLatency } from './bench.js';

const latency = (median: number, ratio: number): ModelLatency => {
  const single = {
    median,
    p10: median - 1,
    p90: median + 1,
    ratio,
    ratioQuartiles: [ratio, ratio] as const,
    rounds: 60,
  };
  return { single, several: single, batchSize: 8, imagesPerSecond: 1000 / median };
};
const models = ['a.onnx', 'b.onnx'].map((path) => ({ path, bytes: 2000 }) as OpenDetector);
const latencies = [latency(10, 1), latency(12, 1.2)];

test('accuracy stands beside latency where it is known', () => {
  const lines = benchTable(models, latencies, [0.451, undefined]).split('\n');
  expect(lines.map((line) => line.split(/ {2,}/).slice(0, 5))).toEqual([
    ['model', 'AP', 'ms, median', '10 to 90 %', 'to the first'],
    ['a.onnx', '45.1', '10.00', '9.00 to 11.00', '1.000'],
    ['b.onnx', '-', '12.00', '11.00 to 13.00', '1.200'],
  ]);
  expect(benchTable(models, latencies).split('\n')[0]).not.toContain('AP');
});

test('a file and a run without an evaluation have no accuracy', async () => {
  const folder = join(await temporaryDirectory(), 'run');
  mkdirSync(folder);
  expect(await accuracyOf(join(folder, 'model.onnx'))).toBeUndefined();
  writeFileSync(join(folder, 'evaluation.json'), '{}');
  // A folder that is no run.
  expect(await accuracyOf(folder)).toBeUndefined();
});
