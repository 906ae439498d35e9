import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectorConfigOf } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { backboneConfigOf, Interrupted, type Progress, spaceOf } from '@nats/pipeline';
import { afterAll, expect, test } from 'vitest';
import { backbone, detectorConfig, space } from '../src/demo/protocol.js';
import { runDemo } from '../src/demo/run-demo.js';
import { type DemoSettings, demoConfig, FULL, QUICK } from '../src/demo/settings.js';
import { runNats } from './run-nats.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-demo-'));
const engine = onnxruntimeEngine({ threads: 1 });
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const TINY: DemoSettings = {
  ...QUICK,
  name: 'tiny',
  trainingImages: 32,
  testImages: 16,
  pretraining: { images: 32, steps: 3, batch: 8 },
  search: { steps: 3, start: 1 },
  steps: 3,
  batch: 4,
  warmUp: 1,
  verifiedImages: 4,
  rounds: 3,
};

function run(settings: DemoSettings, signal: AbortSignal, update: Progress['update'] = () => {}) {
  const lines: string[] = [];
  const progress = { line: (text: string) => void lines.push(text), update };
  const context = { config: demoConfig(settings, { threads: 1 }), engine, progress, command: 'nats demo', signal };
  return { lines, result: runDemo(context, { settings, folder }) };
}

test('its config is the protocol that evidence is gathered by', () => {
  const config = demoConfig(FULL);
  expect(backboneConfigOf(config.backbone)).toEqual(backbone);
  expect(detectorConfigOf(config.detector, { backbone, classes: 10 })).toEqual(detectorConfig);
  expect(spaceOf(config, backbone)).toEqual(space);
});

test('runs through all steps, also after an interruption, and computes nothing twice', async () => {
  const controller = new AbortController();
  const reason = new Interrupted('stopped');
  const stopped = run(TINY, controller.signal, (text) => {
    if (text.includes('search: step 2')) controller.abort(reason);
  });
  await expect(stopped.result).rejects.toBe(reason);
  expect(existsSync(join(folder, 'pretrain', 'weights.safetensors'))).toBe(true);
  expect(existsSync(join(folder, 'search', 'architecture.json'))).toBe(false);

  const { signal } = new AbortController();
  const steps: string[] = [];
  const { lines, result } = run(TINY, signal, (text) => void steps.push(text.trim().split(',')[0]!));
  const { original, transformed, table, report } = await result;
  expect(lines).toContain('  search: continues after step 2');
  expect(steps[0]).toBe('search: step 3 of 3');
  expect(steps).toContain('transformed: step 3 of 3');
  expect(transformed.parameters).toBe(original.parameters);
  expect(transformed.macs).toBe(original.macs);
  expect(table.split('\n')).toHaveLength(18);
  expect(existsSync(join(folder, 'transformed', 'model.onnx'))).toBe(true);
  const scheme = JSON.parse(readFileSync(join(folder, 'search', 'scheme.json'), 'utf8'));
  expect(scheme).toMatchObject({ format: 'nats-scheme' });
  expect(readFileSync(report, 'utf8').includes('transformed')).toBe(true);

  const again = run(TINY, signal, (text) => expect(text).not.toMatch(/step \d/));
  expect((await again.result).original.metrics).toEqual(original.metrics);

  await expect(run({ ...TINY, steps: 4 }, signal).result).rejects.toThrow('demo.steps: 3, here 4');

  // What the demonstration leaves is what the other commands work on.
  const { code, stdout } = runNats('inspect', 'run', join(folder, 'transformed'));
  expect(code).toBe(0);
  expect(stdout).toContain('step 3 of 3');
});
