import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import type { TensorData } from '@nats/graph';
import { afterAll, describe, expect, it } from 'vitest';
import type { Job } from './detector.js';
import { installedFamilies, launch } from './launch.js';

const script = fileURLToPath(new URL('./detector.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nats-mpi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const families = installedFamilies();
const [family] = families;

interface Seen {
  readonly rank: number;
  readonly losses: readonly number[];
  readonly metrics?: Readonly<Record<string, number>>;
  readonly resumedAt: number;
  readonly bits: string;
}

function seenIn(stdout: string): Seen[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen)
    .sort((a, b) => a.rank - b.rank);
}

function alone(job: Job): Seen {
  const args = ['--import', 'tsx', '--conditions=@nats/source', script, JSON.stringify(job)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return seenIn(stdout)[0]!;
}

async function onRanks(ranks: number, job: Job): Promise<Seen[]> {
  const { code, stdout, stderr } = await launch(family!, ranks, script, [JSON.stringify(job)]);
  expect(code, stderr).toBe(0);
  return seenIn(stdout);
}

function stateIn(file: string): ReadonlyMap<string, TensorData> {
  return deserialize(readFileSync(file)) as ReadonlyMap<string, TensorData>;
}

/** Largest difference of a variable, relative to its largest value. */
function difference(a: ReadonlyMap<string, TensorData>, b: ReadonlyMap<string, TensorData>): number {
  const ofVariable = ([name, { data }]: [string, TensorData]) => {
    const other = b.get(name)!.data;
    const scale = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    return Array.from(data).reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0) / scale;
  };
  return Math.max(...[...a].map(ofVariable));
}

if (families.length === 0) it.skip('needs mpirun: Debian has openmpi-bin and mpich', () => {});

describe.skipIf(families.length === 0)('a detector on several processes', () => {
  it.each([
    ['fcos', 2],
    ['fcos', 3],
    ['faster-rcnn', 2],
    ['search', 2],
  ] as const)('%s on %i processes makes the steps of one with the batch of all', async (kind, ranks) => {
    const files = [join(folder, `${kind}-alone`), join(folder, `${kind}-${ranks}`)] as const;
    const one = alone({ kind, batch: 2 * ranks, steps: 3, out: files[0] });
    const seen = await onRanks(ranks, { kind, batch: 2, steps: 3, out: files[1] });
    for (const { losses, metrics, bits } of seen) {
      for (const [i, loss] of losses.entries()) expect(loss / one.losses[i]!).toBeCloseTo(1, 4);
      expect(bits, 'the same bits on all ranks').toBe(seen[0]!.bits);
      expect(metrics).toEqual(seen[0]!.metrics);
    }
    expect(difference(stateIn(files[0]), stateIn(files[1]))).toBeLessThan(1e-4);
  });

  it('evaluates to the numbers of one process in every digit', async () => {
    const out = join(folder, 'evaluated');
    const three = await onRanks(3, { kind: 'fcos', batch: 2, steps: 2, out });
    const one = alone({ kind: 'fcos', batch: 2, steps: 2, evaluate: out });
    expect(Object.keys(one.metrics!)).toContain('AP');
    expect(one.metrics!.AP).toBeGreaterThan(0);
    for (const { metrics } of three) expect(metrics).toEqual(one.metrics);
  });

  it('ended by a rank that is killed, goes on from the last checkpoint to the same bits', async () => {
    const whole = await onRanks(2, { kind: 'fcos', batch: 2, steps: 5 });
    const checkpoints = join(folder, 'killed');
    const killed = await launch(family!, 2, script, [
      JSON.stringify({ kind: 'fcos', batch: 2, steps: 5, checkpoints, killAt: 3 }),
    ]);
    expect(killed.code).not.toBe(0);
    expect(killed.stdout).not.toContain('"bits"');
    const resumed = await onRanks(2, { kind: 'fcos', batch: 2, steps: 5, checkpoints });
    expect(resumed.map(({ resumedAt }) => resumedAt)).toEqual([2, 2]);
    expect(resumed.map(({ bits }) => bits)).toEqual(whole.map(({ bits }) => bits));
  });

  it('ends all ranks with the name of the image that one of them can not read', async () => {
    const { code, stdout, stderr } = await launch(family!, 2, script, [
      JSON.stringify({ kind: 'fcos', batch: 2, steps: 20, broken: 7 }),
    ]);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('"bits"');
    expect(stderr).toMatch(/rank \d of 2: .*rectangle-7 can not be read/);
  });

  it.skipIf(families.length < 2)('runs on the other family of libraries, too', async () => {
    const { code, stdout, stderr } = await launch(families[1]!, 2, script, [
      JSON.stringify({ kind: 'fcos', batch: 2, steps: 2 }),
    ]);
    expect(code, stderr).toBe(0);
    const [first, second] = seenIn(stdout);
    expect(second!.bits).toBe(first!.bits);
    const one = alone({ kind: 'fcos', batch: 4, steps: 2 });
    expect(first!.losses[1]! / one.losses[1]!).toBeCloseTo(1, 4);
  });
});
