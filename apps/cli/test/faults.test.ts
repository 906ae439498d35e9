import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NATS, runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]) => join(folder, ...parts);
const nats = (...args: string[]) => runNatsIn(folder, ...args);
const shell = (command: string) => spawnSync('bash', ['-c', command], { encoding: 'utf8', cwd: folder });
const train = `"${process.execPath}" "${NATS}" train --no-evaluate`;

beforeAll(async () => {
  writeFileSync(at('nats.config.json'), JSON.stringify(tinyConfig(await writeTinyData(at('data'), 'coco'))));
  expect(nats('train', '--out', 'done').code).toBe(0);
  expect(nats('export', 'done').code).toBe(0);
});

/** A training that is sent a signal after some steps. */
function signaled(out: string, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    const args = [NATS, 'train', '--no-evaluate', '--steps', '2000', '--out', out];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    const metrics = at(out, 'metrics.jsonl');
    const watch = setInterval(() => {
      if (!existsSync(metrics) || readFileSync(metrics, 'utf8').split('\n').length < 5) return;
      clearInterval(watch);
      child.kill(signal);
    }, 5);
    child.on('exit', (code) => {
      clearInterval(watch);
      resolve(code);
    });
  });
}

test('a closed terminal ends a training with a checkpoint', async () => {
  expect(await signaled('hang-up', 'SIGHUP')).toBe(130);
  const { step } = JSON.parse(readFileSync(at('hang-up', 'checkpoints', 'last.json'), 'utf8')) as { step: number };
  expect(step).toBeGreaterThan(0);
});

describe('messages that nobody can read end no training', () => {
  test.each([
    ['stderr that is closed', `${train} --out closed 2> >(true)`, 'closed'],
    ['stderr on a full device', `${train} --out full 2> /dev/full`, 'full'],
  ])('%s', (_, command, out) => {
    const { status } = shell(command);
    expect(status).toBe(0);
    expect(existsSync(at(out, 'weights.safetensors'))).toBe(true);
  });

  test('stdout whose reader has gone: every picture is written', () => {
    const count = readdirSync(at('data', 'images')).length;
    const { status } = shell(
      `set -o pipefail; "${process.execPath}" "${NATS}" detect done data/images --min-score 0 --out pictures | true`,
    );
    expect(status).toBe(0);
    expect(readdirSync(at('pictures'))).toHaveLength(count);
  });

  test('a result on a full device is told, and ends with 1', () => {
    const { status, stderr } = shell(`"${process.execPath}" "${NATS}" inspect run done > /dev/full`);
    expect(stderr).toMatch(/could not be written: ENOSPC/);
    expect(status).toBe(1);
  });
});

test('a log that leads out of a run directory is not followed', () => {
  writeFileSync(at('elsewhere'), '');
  expect(nats('train', '--out', 'linked', '--no-evaluate', '--steps', '10').code).toBe(0);
  rmSync(at('linked', 'commands.jsonl'));
  symlinkSync(at('elsewhere'), at('linked', 'commands.jsonl'));
  const { code, stderr } = nats('train', '--out', 'linked', '--no-evaluate', '--steps', '10');
  expect(stderr).toMatch(/linked\/commands\.jsonl: received a symbolic link/);
  expect(code).toBe(1);
  expect(readFileSync(at('elsewhere'), 'utf8')).toBe('');
});

test('a training whose checkpoint is lost goes on from the one before, or begins again, with words', () => {
  expect(nats('train', '--out', 'lost', '--no-evaluate', '--steps', '25').code).toBe(0);
  rmSync(at('lost', 'weights.safetensors'));
  rmSync(at('lost', 'checkpoints', 'last.json'));
  const next = nats('train', '--out', 'lost', '--no-evaluate', '--steps', '25');
  expect(next.stderr).toMatch(
    /last\.json: the last checkpoint is missing .* goes on from the one before it, of step 20/,
  );
  expect(next.code, next.stderr).toBe(0);
  rmSync(at('lost', 'weights.safetensors'));
  for (const name of readdirSync(at('lost', 'checkpoints'))) {
    if (name.endsWith('.json')) rmSync(at('lost', 'checkpoints', name));
  }
  const again = nats('train', '--out', 'lost', '--no-evaluate', '--steps', '25');
  expect(again.stderr).toMatch(/no such file, though there are tensors of a checkpoint .* starts anew at step 0/);
  expect(again.code, again.stderr).toBe(0);
});

describe('a named pipe in the place of a file is refused, and nothing waits', () => {
  const pipe = 'pipe.json';
  beforeAll(() => {
    execFileSync('mkfifo', [at(pipe)]);
  });
  test.each([
    [['train', '--config', pipe]],
    [['train', '--scheme', pipe]],
    [['train', '--weights', pipe]],
    [['inspect', 'data', '--format', 'coco', '--train', pipe, '--images', 'data/images']],
    [['inspect', 'data', '--format', 'yolo', '--data', pipe]],
    [['inspect', 'model', pipe]],
    [['inspect', 'scheme', pipe]],
    [['evaluate', '--annotations', pipe, '--detections', pipe]],
    [['detect', pipe, 'data/images']],
  ])('nats %j', (args) => {
    const ended = spawnSync(process.execPath, [NATS, ...args], { encoding: 'utf8', cwd: folder, timeout: 60_000 });
    expect(ended.signal).toBeNull();
    expect(ended.stderr).toMatch(/pipe\.json: received a named pipe/);
    expect(ended.status).not.toBe(0);
  });
});

describe('files of a run that were edited are told by file and field', () => {
  const spoil = (name: string, content: string | ((text: string) => string)) => {
    rmSync(at('edited'), { recursive: true, force: true });
    execFileSync('cp', ['-r', at('done'), at('edited')]);
    const path = at('edited', name);
    writeFileSync(path, typeof content === 'string' ? content : content(readFileSync(path, 'utf8')));
  };
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  test.each([
    ['run.json', '[]', ['inspect', 'run'], /run\.json: received .*as nats writes it/],
    ['run.json', (text: string) => text.replace('"train"', '"dance"'), ['inspect', 'run'], /run\.json, kind: /],
    ['environment.json', '{"node": {}}', ['inspect', 'run'], /environment\.json, node: /],
    ['environment.json', deep, ['inspect', 'run'], /environment\.json: /],
    ['evaluation.json', '{"stats": 5}', ['inspect', 'run'], /evaluation\.json, stats: /],
    ['evaluation.json', deep, ['report'], /evaluation\.json: /],
    ['detections.json', '[{"image_id": "x"}]', ['report'], /detections\.json, 0\.image_id: /],
    ['config.json', '{"seed": "x"}', ['export'], /config\.json: seed|config\.json.*seed/],
    ['config.json', deep, ['evaluate'], /config\.json/],
    ['metrics.jsonl', '{"type":"step"\n{"type":"end","step":1}\n', ['report'], /metrics\.jsonl, line 1: /],
    ['weights.safetensors', 'no weights', ['export'], /weights\.safetensors/],
  ] as const)('%s', (name, content, args, message) => {
    spoil(name, content);
    const { code, stderr } = nats(...args, 'edited');
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/TypeError|is not a function|is not iterable|Cannot read|call stack|\n\s+at /);
    expect(code).not.toBe(0);
  });
});
