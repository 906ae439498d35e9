import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => join(folder, ...parts);
const json = (...parts: string[]) => JSON.parse(readFileSync(at(...parts), 'utf8'));

beforeAll(async () => {
  const data = await writeTinyData(at('data'), 'coco');
  const train = { steps: 4, batchSize: 4, learningRate: 0.01, checkpointEvery: 2 };
  writeFileSync(at('nats.config.json'), JSON.stringify(tinyConfig(data, { train })));
});

/** Succeeds, and gives what was said. */
function nats(...args: string[]) {
  const outcome = runNatsIn(folder, ...args);
  expect(outcome.stderr).not.toContain('nats: ');
  expect(outcome.code).toBe(0);
  return outcome;
}

/** The losses of a run's steps. */
function losses(run: string): number[] {
  const events = readFileSync(at(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return events.map((line) => JSON.parse(line)).flatMap(({ type, loss }) => (type === 'step' ? [loss] : []));
}

test('--engine: the same search and training by other engines, which runs and checkpoints name', () => {
  for (const command of ['search', 'train']) {
    nats(command, '--out', `${command}-own`);
    const other = command === 'search' ? 'tfjs:wasm' : 'onnxruntime-web';
    nats(command, '--out', command, '--engine', other);
    const [engine, backend] = other.split(':');
    const named = { engine, ...(backend !== undefined && { backend }) };
    expect(json(command, 'environment.json')).toMatchObject(named);
    expect(json(command, 'checkpoints', 'last.json').engine).toMatchObject(named);
    expect(json(command, 'config.json').engine).toMatchObject({ name: other });
    const [own, found] = [losses(`${command}-own`), losses(command)];
    expect(found).toHaveLength(own.length);
    for (const [i, loss] of found.entries()) expect(Math.abs(loss - own[i]!)).toBeLessThan(1e-3);
  }
});

test('a run is evaluated by its own engine, or by the one that is named', () => {
  expect(nats('evaluate', 'train').stderr).toBe('Next: nats export train\n');
  const { stats } = json('train', 'evaluation.json');
  const { stderr } = nats('evaluate', 'train', '--engine', 'tfjs:wasm');
  expect(stderr).toMatch(/made anew: engine: "onnxruntime-web", here "tfjs:wasm"/);
  expect(json('train', 'evaluation.json').stats[0]).toBeCloseTo(stats[0], 2);
});

test('a run that another engine goes on with says so', () => {
  rmSync(at('train', 'weights.safetensors'));
  const { stderr } = nats('train', '--out', 'train', '--no-evaluate');
  expect(stderr).toMatch(/was written with onnxruntime-web 1\.\S+, and the training goes on with onnxruntime 1\./);
});
