import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { afterAll, expect, test } from 'vitest';
import type { Progress } from '../src/demo/context.js';
import { runDemo } from '../src/demo/run-demo.js';
import { QUICK } from '../src/demo/settings.js';
import { Interrupted } from '../src/interrupted.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-demo-'));
const engine = onnxruntimeEngine();
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const TINY = {
  ...QUICK,
  name: 'tiny',
  trainingImages: 32,
  testImages: 16,
  pretraining: { images: 32, steps: 3, batch: 8 },
  search: { steps: 3, start: 1 },
  steps: 3,
  batch: 4,
  warmUp: 1,
  verifiedImages: 8,
};

function run(settings: typeof TINY, signal: AbortSignal, update: Progress['update'] = () => {}) {
  const lines: string[] = [];
  const progress = { line: (text: string) => void lines.push(text), update };
  return { lines, result: runDemo({ engine, settings, folder, progress, signal }) };
}

test('runs through all steps, also after an interruption, and computes nothing twice', async () => {
  const controller = new AbortController();
  const reason = new Interrupted('stopped');
  const stopped = run(TINY, controller.signal, (text) => {
    if (text.includes('search: step 2')) controller.abort(reason);
  });
  await expect(stopped.result).rejects.toBe(reason);
  expect(existsSync(join(folder, 'pretrained.safetensors'))).toBe(true);
  expect(existsSync(join(folder, 'search.json'))).toBe(false);

  const { signal } = new AbortController();
  const steps: string[] = [];
  const { lines, result } = run(TINY, signal, (text) => void steps.push(text.trim().split(',')[0]!));
  const { original, transformed, table } = await result;
  expect(lines).toContain('  search: continues after step 2');
  expect(steps[0]).toBe('search: step 3 of 3');
  expect(steps).toContain('transformed: step 3 of 3');
  expect(transformed.parameters).toBe(original.parameters);
  expect(transformed.macs).toBe(original.macs);
  expect(table.split('\n')).toHaveLength(18);
  expect(existsSync(join(folder, 'transformed.onnx'))).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, 'scheme.json'), 'utf8'))).toMatchObject({ format: 'nats-scheme' });

  const again = run(TINY, signal, () => expect.unreachable('a step was made again'));
  expect((await again.result).original.metrics).toEqual(original.metrics);

  await expect(run({ ...TINY, steps: 4 }, signal).result).rejects.toThrow('other settings');
});
