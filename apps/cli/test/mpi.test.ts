import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWeights } from '@nats/transfer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasFamily, launchNats } from './launch-ranks.js';
import { runNatsIn } from './run-nats.js';
import { tinyConfig, writeTinyData } from './tiny-data.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-ranks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]) => join(folder, ...path);
const installed = hasFamily('openmpi') && hasFamily('mpich');

const STEPS = 24;

beforeAll(async () => {
  // Norms keep their statistics: those of a batch would be those of each process's own.
  const fitting = {
    batchSize: 6,
    learningRate: 0.005,
    checkpointEvery: 3,
    freeze: { upTo: 'none', norms: true },
    custom: { optimizer: 'sgd', schedule: 'constant', clipNorm: 1 },
  };
  const base = tinyConfig(await writeTinyData(at('data'), 'coco'));
  const config = {
    ...base,
    detector: { ...(base.detector as object), headNorm: { kind: 'group', groups: 2 } },
    search: { ...fitting, steps: 4, start: 1, architectureLearningRate: 0.01 },
    train: { ...fitting, steps: STEPS, evaluateEvery: 12 },
  };
  writeFileSync(at('nats.config.json'), JSON.stringify(config));
});

interface Line {
  readonly type: string;
  readonly step: number;
  readonly loss: number;
  readonly metrics: unknown;
  readonly message?: string;
}

function linesOf(run: string): Line[] {
  const path = at(run, 'metrics.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line);
}

const lossesOf = (run: string) => linesOf(run).flatMap(({ type, loss }) => (type === 'step' ? [loss] : []));

/** Largest difference of a variable of two runs, relative to its largest value. */
async function difference(a: string, b: string): Promise<number> {
  const [first, second] = await Promise.all([a, b].map((run) => readWeights(at(run, 'weights.safetensors'))));
  let largest = 0;
  for (const [name, { data }] of first!.tensors) {
    const other = second!.tensors.get(name)!.data;
    const scale = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]! - other[i]!) / scale);
  }
  return largest;
}

/** Calls `act` once when a run has made a step; stops looking when the processes have ended. */
function afterStep(run: string, step: number, act: (child: ChildProcess) => void) {
  return (child: ChildProcess) => {
    const watch = setInterval(() => {
      if (!linesOf(run).some((line) => line.type === 'step' && line.step >= step)) return;
      clearInterval(watch);
      act(child);
    }, 5);
    child.on('exit', () => clearInterval(watch));
  };
}

if (!installed) test.skip('needs both mpirun: Debian has openmpi-bin and mpich', () => {});

describe.skipIf(!installed)('the same command on several processes', () => {
  test('trains and evaluates as one process does, and the first alone writes and tells', async () => {
    const alone = runNatsIn(folder, 'train', '--out', 'alone');
    expect(alone.code, alone.stderr).toBe(0);
    const { code, stdout, stderr } = await launchNats('openmpi', 2, folder, ['train', '--out', 'two']);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/2 processes \(Open MPI/);
    expect(stdout.match(/Average Precision {2}\(AP\) @\[ IoU=0.50:0.95 \| area= {3}all/g)).toHaveLength(1);
    const [one, two] = [lossesOf('alone'), lossesOf('two')];
    expect(two).toHaveLength(STEPS);
    for (const [i, loss] of two.entries()) expect(loss / one[i]!).toBeCloseTo(1, 3);
    expect(await difference('alone', 'two')).toBeLessThan(1e-3);
    expect(readFileSync(at('two', 'rank-1.log'), 'utf8')).toMatch(/Z process 1 of 2, \d+ .*\n(.*\n)*.*step 12, AP/);
    expect(existsSync(at('two', 'rank-0.log'))).toBe(false);

    // The same weights, judged by one process: every digit.
    const byTwo = readFileSync(at('two', 'evaluation.json'), 'utf8');
    rmSync(at('two', 'evaluation.json'));
    expect(runNatsIn(folder, 'evaluate', 'two').code).toBe(0);
    expect(readFileSync(at('two', 'evaluation.json'), 'utf8')).toBe(byTwo);
  });

  test('killed, and stopped before a time limit, goes on to the same bits; another number of processes is told', async () => {
    const args = ['train', '--out', 'stopped', '--no-evaluate'];
    const killed = await launchNats(
      'openmpi',
      2,
      folder,
      args,
      afterStep('stopped', 5, () => {
        const [, pid] = /process 1 of 2, (\d+)/.exec(readFileSync(at('stopped', 'rank-1.log'), 'utf8'))!;
        process.kill(Number(pid), 'SIGKILL');
      }),
    );
    expect(killed.code).not.toBe(0);
    expect(killed.stderr).toMatch(/rank 1 .*signal 9/);
    const requeued = await launchNats(
      'openmpi',
      2,
      folder,
      args,
      afterStep('stopped', 12, (child) => child.kill('SIGUSR2')),
    );
    expect(requeued.code, requeued.stderr).toBe(75);
    expect(requeued.stderr.match(/To go on: nats train --out stopped --no-evaluate/g)).toHaveLength(1);
    expect(requeued.stderr).toMatch(/continues after step \d+/);
    const { code, stderr } = await launchNats('openmpi', 2, folder, args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/continues after step \d+/);
    expect(lossesOf('stopped')).toEqual(lossesOf('two'));
    const [whole, parts] = ['two', 'stopped'].map((run) => readFileSync(at(run, 'weights.safetensors')));
    expect(Buffer.compare(whole!, parts!)).toBe(0);

    // Of its checkpoint, which is one of two processes.
    rmSync(at('stopped', 'weights.safetensors'));
    const one = runNatsIn(folder, ...args);
    expect(one.code, one.stderr).toBe(0);
    expect(one.stderr).toMatch(/written by another engine \(processes/);
  });

  test('one that is stopped ends all within seconds, and is named', async () => {
    const { code, stderr } = await launchNats(
      'openmpi',
      2,
      folder,
      ['train', '--out', 'hanging', '--no-evaluate', '--mpi-heartbeat', '2'],
      afterStep('hanging', 5, () => {
        const [, pid] = /process 1 of 2, (\d+)/.exec(readFileSync(at('hanging', 'rank-1.log'), 'utf8'))!;
        process.kill(Number(pid), 'SIGSTOP');
      }),
    );
    expect(code).not.toBe(0);
    expect(stderr.match(/^rank \d of 2: .*/gm)).toEqual([
      expect.stringMatching(/^rank 0 of 2: rank 1 has given no sign of life for 2 s: its process is stopped/),
    ]);
    expect(existsSync(at('hanging', 'checkpoints')), 'what was saved is there').toBe(true);
  });

  test('searches as one process does, with the other family of libraries', async () => {
    const alone = runNatsIn(folder, 'search', '--out', 'search-alone');
    expect(alone.code, alone.stderr).toBe(0);
    const { code, stdout, stderr } = await launchNats('mpich', 3, folder, ['search', '--out', 'search-three']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('3 processes (MPICH');
    expect(stdout.match(/Scheme for/g)).toHaveLength(1);
    const [one, three] = [lossesOf('search-alone'), lossesOf('search-three')];
    for (const [i, loss] of three.entries()) expect(loss / one[i]!).toBeCloseTo(1, 3);
    const [a, b] = ['search-alone', 'search-three'].map((run) => {
      const { probabilities } = JSON.parse(readFileSync(at(run, 'architecture.json'), 'utf8')) as {
        probabilities: Record<string, number[][]>;
      };
      return Object.values(probabilities).flat(2);
    });
    for (const [i, value] of b!.entries()) expect(value).toBeCloseTo(a![i]!, 3);
  });

  test('a process with bad data ends all, with its number and the image; settings that do not fit are told once', async () => {
    const train = JSON.parse(readFileSync(at('data', 'train.json'), 'utf8')) as { images: { file_name: string }[] };
    const file = at('data', 'images', train.images[7]!.file_name);
    const image = readFileSync(file);
    writeFileSync(file, image.subarray(0, image.length >> 1));
    try {
      const broken = await launchNats('openmpi', 2, folder, [
        ...['train', '--out', 'broken', '--set', 'data.checkImages=none', '--set', 'data.cache=false'],
      ]);
      expect(broken.code).toBe(1);
      expect(broken.stderr).toMatch(new RegExp(`^rank [01] of 2: .*${train.images[7]!.file_name}`, 'm'));
      expect(broken.stderr.match(/^rank \d of 2: /gm)).toHaveLength(1);
    } finally {
      writeFileSync(file, image);
    }
    const odd = await launchNats('mpich', 2, folder, ['train', '--out', 'odd', '--batch-size', '5']);
    expect(odd.code).toBe(2);
    expect(odd.stderr).toContain(
      'rank 0 of 2: train.batchSize 5 can not be divided among 2 processes; set it to 4 or 6',
    );
    expect(odd.stderr).not.toContain('rank 1 of 2');
  });
});
