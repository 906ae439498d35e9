import type { Collective } from '../../src/core.js';

/**
 * Ranks that are functions of one process: each operation resolves when all have called it. They must be called in the same
 * order, as in MPI; another operation than the others' is an error here and a hang there.
 */
export function inProcessRanks(size: number): Collective[] {
  let waiting: { what: string; values: unknown; resolve: (all: unknown[]) => void; reject: (error: Error) => void }[] =
    [];
  let aborted: Error | undefined;
  const meet = (rank: number, what: string, values: unknown): Promise<unknown[]> =>
    new Promise((resolve, reject) => {
      if (aborted) return reject(aborted);
      waiting[rank] = { what, values, resolve, reject };
      const present = waiting.filter(Boolean);
      if (present.length < size) return;
      waiting = [];
      const different = present.find((other) => other.what !== what);
      for (const other of present) {
        if (different) other.reject(new Error(`ranks called ${present.map((one) => one.what).join(', ')}`));
        else other.resolve(present.map((one) => one.values));
      }
    });
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    allReduce: async (values) => {
      const all = (await meet(rank, `allReduce ${values.length}`, values.slice())) as (typeof values)[];
      for (let i = 0; i < values.length; i++) values[i] = all.reduce((sum, one) => sum + one[i]!, 0);
    },
    broadcast: async (bytes, root = 0) => {
      const all = (await meet(rank, `broadcast ${bytes.length}`, bytes.slice())) as Uint8Array[];
      bytes.set(all[root]!);
    },
    gather: async (bytes, root = 0) => {
      const all = (await meet(rank, 'gather', bytes.slice())) as Uint8Array[];
      return rank === root ? all : undefined;
    },
    barrier: async () => {
      await meet(rank, 'barrier', undefined);
    },
    abort: (reason) => {
      aborted ??= new Error(`rank ${rank}: ${reason}`);
      for (const other of waiting.filter(Boolean)) other.reject(aborted);
    },
  }));
}
