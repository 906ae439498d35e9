import { type ChildProcess, spawn } from 'node:child_process';
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

/** Runs a command; `watch` is called again and again until it ends. */
async function run(
  folder: string,
  args: readonly string[],
  { env = environment, watch = (_: ChildProcess) => {} } = {},
) {
  const child = spawn(process.execPath, [NATS, ...args], { cwd: join(root, folder), env });
  const read = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      read[stream] += text;
    });
  }
  const timer = setInterval(() => watch(child), 5);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(timer);
  return { code, ...read };
}

/** Runs a command and interrupts it once it has noted some steps. */
function stopped(folder: string, args: readonly string[], metrics: string) {
  const path = join(root, folder, metrics);
  let asked = false;
  const watch = (child: ChildProcess) => {
    if (asked || !existsSync(path) || readFileSync(path, 'utf8').split('\n').length < 4) return;
    asked = child.kill('SIGINT');
  };
  return run(folder, args, { watch });
}

/** Succeeds, and gives what was printed. */
async function nats(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, args);
  expect(stderr).not.toContain('nats: ');
  expect(code, stderr).toBe(0);
  return stdout;
}

const jsonFile = (...parts: string[]) => JSON.parse(readFileSync(join(root, ...parts), 'utf8'));
const json = async (...args: Parameters<typeof nats>) => JSON.parse(await nats(...args));

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

// Nearly all of the time goes into compiling shaders, by each process anew, and a process uses little more than one core.
describe.skipIf(absent).concurrent(absent ? 'on WebGPU (no adapter: install chromium)' : 'on WebGPU', () => {
  test('a search gives what the CPU gives; a file is verified and evaluated, detects and is timed', async () => {
    const fitting = { batchSize: 4, learningRate: 0.01, checkpointEvery: 2, steps: 3 };
    const search = { ...fitting, start: 1, relaxation: 'sampled' };
    // After three steps there are detections above this threshold alone.
    const evaluate = { batchSize: 4, sizes: [10, 14], scoreThreshold: 0.001 };
    project('fcos', { search, train: fitting, evaluate });
    await Promise.all([
      nats('fcos', 'search', '--out', 'search', ...WEBGPU),
      nats('fcos', 'search', '--out', 'search-cpu'),
      nats('fcos', 'train', '--no-evaluate', '--out', 'train'),
    ]);
    expectClose(losses('fcos', 'search'), losses('fcos', 'search-cpu'));
    expect(jsonFile('fcos', 'search', 'environment.json').providers).toBe('webgpu,cpu');
    await nats('fcos', 'export', 'train');
    const evaluation = ['evaluate', 'train/model.onnx', '--json'];
    const image = join(root, 'data', 'images', 'image00.png');
    const [verified, onDevice, onCpu, nothing, timed, withoutAdapter] = await Promise.all([
      // What was trained, and its file, both on the device.
      json('fcos', 'verify', 'train', '--json', ...WEBGPU),
      json('fcos', ...evaluation, ...WEBGPU),
      json('fcos', ...evaluation),
      // Nothing is found: no tensor without values comes to the device.
      json('fcos', 'detect', 'train', image, '--json', '--min-score', '1', ...WEBGPU),
      nats('fcos', 'bench', 'train', '--rounds', '2', '--batch-size', '1', ...WEBGPU),
      run('fcos', ['bench', 'train', ...WEBGPU], { env: withoutDriver }),
    ]);
    expect([verified.passed, verified.agreement.detections > 0]).toEqual([true, true]);
    expect(onDevice.stats[0]).toBeCloseTo(onCpu.stats[0], 2);
    expect(onCpu.stats[8]).toBeGreaterThan(0);
    expect(nothing[0].detections).toEqual([]);
    expect(timed).toMatch(/model\.onnx/);
    expect(withoutAdapter.code).toBe(1);
    expect(withoutAdapter.stderr).toMatch(/WebGPU needs an adapter.*use the engine onnxruntime/);
  });

  test('a Faster R-CNN that was stopped waits for a driver and goes on with the state it had: losses are those of the CPU', async () => {
    const train = { batchSize: 2, learningRate: 0.01, checkpointEvery: 2, steps: 6 };
    project('faster', { detector: { kind: 'faster-rcnn', ...tinyTwoStage }, train });
    const args = ['train', '--no-evaluate', ...WEBGPU, '--out', 'parts'];
    const [{ code, stderr }] = await Promise.all([
      stopped('faster', args, 'parts/metrics.jsonl'),
      nats('faster', 'train', '--no-evaluate', '--out', 'cpu'),
    ]);
    expect(stderr).toContain('To go on: nats train');
    expect(code).toBe(130);
    const checkpoint = () => readFileSync(join(root, 'faster', 'parts', 'checkpoints', 'last.json'), 'utf8');
    const before = checkpoint();
    const failed = await run('faster', args, { env: withoutDriver });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/nats: .*WebGPU needs an adapter/);
    expect(checkpoint()).toBe(before);
    await nats('faster', ...args);
    expectClose(losses('faster', 'parts'), losses('faster', 'cpu'));
  });

  test('a training that diverges ends at a loss that is not finite', async () => {
    project('diverging', { train: { batchSize: 4, learningRate: 1e30, checkpointEvery: 2, steps: 8 } });
    const { code, stderr } = await run('diverging', ['train', '--no-evaluate', '--out', 'run', ...WEBGPU]);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/received NaN.*the loss of a training is finite/);
  });
});
