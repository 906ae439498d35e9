import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { installedFamilies, launch } from './launch.js';

const script = fileURLToPath(new URL('./ranks.ts', import.meta.url));
const families = installedFamilies();

if (families.length === 0) it.skip('needs mpirun: Debian has openmpi-bin and mpich', () => {});

describe.each(families)('%s', (family) => {
  it.each([2, 3])('sums, sends and gathers among %i ranks', async (ranks) => {
    const { code, stdout, stderr } = await launch(family, ranks, script);
    expect(code, stderr).toBe(0);
    const seen = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    seen.sort((a, b) => Number(a.rank) - Number(b.rank));
    const total = (ranks * (ranks - 1)) / 2;
    expect(seen.map(({ rank }) => rank)).toEqual(Array.from({ length: ranks }, (_, i) => i));
    for (const { rank, size, version, sums, large, text, gathered, empty, ordered } of seen) {
      expect(size).toBe(ranks);
      expect(version).toMatch(family === 'mpich' ? /^MPICH/ : /^Open MPI/);
      expect(sums).toEqual([total + ranks, ranks / 2, expect.closeTo(1e-3 * total, 7)]);
      expect(sums, 'the same bits on all ranks').toEqual(seen[0]!.sums);
      expect(large).toEqual([rank, total, total]);
      expect(text).toBe('from 0..');
      expect(gathered).toEqual(rank === 0 ? Array.from({ length: ranks }, (_, i) => 3 * i) : undefined);
      expect(empty).toEqual(rank === ranks - 1 ? Array.from({ length: ranks }, () => 0) : undefined);
      expect(ordered).toEqual([ranks, 2 * ranks]);
    }
  });

  it('ends all ranks with the reason of the one that gives up', async () => {
    const { code, stdout, stderr } = await launch(family, 2, script, ['abort']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('rank 1 of 2: the image cat.jpg can not be read');
    expect(stdout).not.toContain('"rank":0');
  });

  it('ends all ranks when one is killed', async () => {
    const { code, stdout } = await launch(family, 2, script, ['kill']);
    expect(code).not.toBe(0);
    expect(stdout).not.toContain('"rank":0');
  });

  // What makes a rank hang, and who says what of it.
  it.each([
    ['stop', 2, /^rank 0 of 2: rank 1 has given no sign of life for 2 s: its process is stopped/m],
    ['stop', 3, /^rank 0 of 3: rank 2 has given no sign of life for 2 s: its process is stopped/m],
    ['stop-first', 3, /^rank [12] of 3: rank 0 has given no sign of life for 2 s: its process is stopped/m],
    ['still', 2, /^rank 1 of 2: stands still for 6 s without using a processor/m],
    ['hang', 2, /^rank 0 of 2: waited 4 s in MPI_Allreduce for rank 1, which is idle/m],
    ['endless', 2, /^rank 0 of 2: waited 4 s in MPI_Allreduce for rank 1, which computes/m],
  ])('ends all ranks when one hangs: %s, of %i', async (way, ranks, message) => {
    const { code, stderr } = await launch(family, ranks, script, [way]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
    expect(stderr.match(/^rank \d of \d: /gm), 'one message').toHaveLength(1);
  });

  it('takes no rank that computes for long to hang', async () => {
    const { code, stderr, stdout } = await launch(family, 3, script, ['long-step']);
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(3);
  });
});
