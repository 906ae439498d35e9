import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adapterEnvironment } from '../../../packages/engine/test/webgpu/adapter.js';
import { NATS } from './run-nats.js';
import { tinyConfig, tinyTwoStage, writeTinyData } from './tiny-data.js';

const environment = adapterEnvironment();
const absent = environment === undefined;
const WEBGPU = ['--engine', 'onnxruntime:webgpu'];
const withoutDriver = { ...environment, VK_ICD_FILENAMES: '/nowhere.json' };

const root = mkdtempSync(join(tmpdir(), 'nats-webgpu-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let data: unknown;

function run(folder: string, args: readonly string[], env = environment) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [NATS, ...args], {
    cwd: join(root, folder),
    encoding: 'utf8',
    env,
  });
  return { code: status, stdout, stderr };
}

/** Runs a command and interrupts it once it has noted some steps. */
async function stopped(folder: string, args: readonly string[], metrics: string) {
  const child = spawn(process.execPath, [NATS, ...args], { cwd: join(root, folder), env: environment });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const path = join(root, folder, metrics);
  const lines = () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').length : 0);
  const watch = setInterval(() => {
    if (lines() < 4) return;
    clearInterval(watch);
    child.kill('SIGINT');
  }, 5);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  return { code, stderr };
}

/** Succeeds, and gives what was printed. */
function nats(folder: string, ...args: string[]): string {
  const { code, stdout, stderr } = run(folder, args);
  expect(stderr).not.toContain('nats: ');
  expect(code, stderr).toBe(0);
  return stdout;
}

const json = (...parts: string[]) => JSON.parse(readFileSync(join(root, ...parts), 'utf8'));

/** The losses of a run's steps. */
function losses(...parts: string[]): number[] {
  const events = readFileSync(join(root, ...parts, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return events.map((line) => JSON.parse(line)).flatMap(({ type, loss }) => (type === 'step' ? [loss] : []));
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, loss] of found.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-3);
}

beforeAll(async () => {
  data = await writeTinyData(join(root, 'data'), 'coco');
});

function project(name: string, changes: Record<string, unknown>): void {
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'nats.config.json'), JSON.stringify(tinyConfig(data, changes)));
}

describe.skipIf(absent)(absent ? 'on WebGPU (no adapter: install chromium)' : 'on WebGPU', () => {
  test('a search and a training give what the CPU gives, and a file that is evaluated, detects and is timed', () => {
    const fitting = { batchSize: 4, learningRate: 0.01, checkpointEvery: 2, steps: 4 };
    project('fcos', { search: { ...fitting, start: 2, relaxation: 'sampled' }, train: fitting });
    for (const command of ['search', 'train']) {
      nats('fcos', command, '--out', `${command}-cpu`);
      nats('fcos', command, '--out', command, ...WEBGPU);
      expectClose(losses('fcos', command), losses('fcos', `${command}-cpu`));
    }
    expect(json('fcos', 'train', 'environment.json').providers).toBe('webgpu,cpu');
    nats('fcos', 'export', 'train');
    expect(JSON.parse(nats('fcos', 'verify', 'train', '--json', ...WEBGPU)).passed).toBe(true);
    const ap = (...args: string[]) =>
      JSON.parse(nats('fcos', 'evaluate', 'train/model.onnx', '--json', ...args)).stats[0];
    expect(ap(...WEBGPU)).toBeCloseTo(ap(), 2);
    const detected = (...args: string[]) =>
      JSON.parse(nats('fcos', 'detect', 'train', join(root, 'data', 'images', 'image00.png'), '--json', ...args));
    const [[gpu], [cpu]] = [detected(...WEBGPU), detected()];
    expect(gpu.detections).toHaveLength(cpu.detections.length);
    // Nothing is found: no tensor without values comes to the device.
    expect(detected('--min-score', '1', ...WEBGPU)[0].detections).toEqual([]);
    expect(nats('fcos', 'bench', 'train', '--rounds', '3', '--batch-size', '2', ...WEBGPU)).toMatch(/model\.onnx/);
  });

  test('a Faster R-CNN that was stopped goes on with the state it had, and waits for a driver', async () => {
    const train = { batchSize: 2, learningRate: 0.01, checkpointEvery: 2, steps: 6 };
    project('faster', { detector: { kind: 'faster-rcnn', ...tinyTwoStage }, train });
    const args = ['train', '--no-evaluate', ...WEBGPU];
    nats('faster', ...args, '--out', 'whole');
    nats('faster', 'train', '--no-evaluate', '--out', 'cpu');
    expectClose(losses('faster', 'whole'), losses('faster', 'cpu'));

    const { code, stderr } = await stopped('faster', [...args, '--out', 'parts'], 'parts/metrics.jsonl');
    expect(stderr).toContain('To go on: nats train');
    expect(code).toBe(130);
    const checkpoint = () => readFileSync(join(root, 'faster', 'parts', 'checkpoints', 'last.json'), 'utf8');
    const before = checkpoint();
    const failed = run('faster', [...args, '--out', 'parts'], withoutDriver);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/nats: .*WebGPU needs an adapter/);
    expect(checkpoint()).toBe(before);
    nats('faster', ...args, '--out', 'parts');
    expectClose(losses('faster', 'parts'), losses('faster', 'whole'));
  });

  test('a training that diverges ends at a loss that is not finite', () => {
    project('diverging', { train: { batchSize: 4, learningRate: 1e30, checkpointEvery: 2, steps: 8 } });
    const { code, stderr } = run('diverging', ['train', '--no-evaluate', '--out', 'run', ...WEBGPU]);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/received NaN.*the loss of a training is finite/);
  });

  test('a file on a machine without a driver: exit code 1 and what to do', () => {
    const { code, stderr } = run('fcos', ['bench', 'train', ...WEBGPU], withoutDriver);
    expect(code).toBe(1);
    expect(stderr).toMatch(/WebGPU needs an adapter.*use the engine onnxruntime/);
  });
});
