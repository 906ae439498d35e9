import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import {
  candidatesProgram,
  Interrupted,
  latencyTableOf,
  type Overrides,
  openTask,
  type Progress,
  searchedBackbone,
  spaceOf,
} from '@nats/pipeline';
import { createScheme, predictLatency, programCosts } from '@nats/space';
import { afterAll, expect, test } from 'vitest';
import { demoConfig } from '../src/demo/demo-config.js';
import { withDemoTable } from '../src/demo/latency-budget.js';
import { runDemo } from '../src/demo/run-demo.js';
import { runNats } from './run-nats.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-demo-'));
const engine = onnxruntimeEngine({ threads: 1 });
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const TINY = {
  'data.train': 32,
  'data.val': 16,
  'pretrain.data.images': 32,
  'pretrain.steps': 3,
  'pretrain.batchSize': 8,
  'pretrain.warmUp': 1,
  'search.steps': 3,
  'search.start': 1,
  'search.batchSize': 4,
  'search.custom.warmUp': 1,
  'train.steps': 3,
  'train.batchSize': 4,
  'train.custom.warmUp': 1,
  'export.verifyImages': 4,
};

function run(settings: Overrides, signal: AbortSignal, update: Progress['update'] = () => {}, compare = true) {
  const lines: string[] = [];
  const progress = { line: (text: string) => void lines.push(text), update };
  const context = {
    config: demoConfig({ quick: true, task: 'digits', engine: { threads: 1 }, overrides: settings }),
    engine,
    progress,
    command: 'nats demo',
    signal,
  };
  return { lines, result: runDemo(context, { folder, rounds: 3, compare, task: 'digits' }) };
}

test('its detector sees less than the largest digits, in the quick one and in the whole one', async () => {
  for (const quick of [true, false]) {
    const config = demoConfig({ quick, overrides: { 'data.train': 2, 'data.val': 1 } });
    const { program, spec } = candidatesProgram(await openTask(config), undefined, 1);
    expect(programCosts(program, spec).receptiveField).toEqual([87, 87]);
    expect(config.evaluate.sizes[1]).toBeLessThan(87);
  }
});

test('its tasks differ in the digits, in the dilations that fit them and in what these may cost, and in nothing else', () => {
  const { data, space, decode, ...rest } = demoConfig({ quick: false, task: 'digits' });
  const wide = demoConfig({ quick: false });
  expect({ ...wide, data, space, decode }).toEqual({ ...rest, data, space, decode });
  expect(wide.decode).toMatchObject({ method: decode.method, maxLatency: 1.04 });
  expect(wide.data).toEqual({ ...data, widening: [2.5, 4], side: [32, 120] });
  expect(wide.space.genotypes).toHaveLength(9);
});

test('has a latency table of what it searches, which the original is within and a divided scheme is not', async () => {
  const directory = await temporaryDirectory();
  const config = await withDemoTable(demoConfig({ quick: false }), directory);
  const backbone = searchedBackbone(config);
  const { sites, genotypes } = spaceOf(config, backbone);
  const table = await latencyTableOf(config, backbone);
  const ratio = (count: number) => {
    const convolutions = sites.map(
      ({ name, channels }) => [name, Int32Array.from({ length: channels }, (_, c) => c % count)] as const,
    );
    const provenance = { tool: { name: 'test', version: '1' } };
    return predictLatency(table!, createScheme({ backbone: backbone.name, genotypes, convolutions, provenance })).ratio;
  };
  expect(ratio(1)).toBeLessThan(config.decode.maxLatency!);
  expect(ratio(9)).toBeGreaterThan(config.decode.maxLatency!);
  // Of another task, whose settings name none, nothing is written.
  const digits = demoConfig({ quick: false, task: 'digits' });
  expect(await withDemoTable(digits, directory)).toBe(digits);
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
  const page = readFileSync(report, 'utf8');
  for (const id of ['accuracy', 'costs', 'scheme', 'search']) expect(page.includes(`id="${id}"`), id).toBe(true);
  expect(page.includes('<h1>nats demo: digits on textures</h1>')).toBe(true);

  // A quick one says nothing about AP, neither in its table nor in its report.
  const again = run(TINY, signal, (text) => expect(text).not.toMatch(/step \d/), false);
  const quick = await again.result;
  expect(quick.original.metrics).toEqual(original.metrics);
  expect(quick.table).not.toMatch(/\bAP/);
  expect(quick.table.split('\n').map((row) => row.split('  ')[0])).toEqual([
    '',
    'parameters',
    'million multiply-adds',
    'file, kB',
    'latency, ms',
  ]);
  const short = readFileSync(quick.report, 'utf8');
  expect(short).toContain('AP is not compared');
  expect(short.includes('id="accuracy"')).toBe(false);

  await expect(run({ ...TINY, 'train.steps': 4 }, signal).result).rejects.toThrow('train.steps: 3, here 4');

  // What the demonstration leaves is what the other commands work on.
  const { code, stdout } = runNats('inspect', 'run', join(folder, 'transformed'));
  expect(code).toBe(0);
  expect(stdout).toContain('step 3 of 3');
});
