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

  it('ends all ranks when one does not come within the limit', async () => {
    const { code, stderr } = await launch(family, 2, script, ['hang']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rank 0 of 2: waited 3 s in MPI_Allreduce/);
  });
});
