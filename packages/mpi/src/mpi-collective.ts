import { NatsError } from '@nats/graph';
import type { Collective } from '@nats/train/core';
import type { LibraryHandle } from 'koffi';
import { doingOf } from './beat.js';
import { lastWords, sleep } from './last-words.js';
import { launcherOf } from './launcher.js';
import { loadLibrary } from './library.js';
import { createPatience } from './patience.js';
import { startWatch } from './watch.js';

/** Options of `mpiCollective`. */
export interface MpiOptions {
  /** File of the library; default: the environment's NATS_MPI_LIBRARY, then the usual names. */
  readonly library?: string;
  /**
   * Seconds that a call may wait for other ranks before all are ended; once steps are made, 20 times the longest that anything
   * took so far, if that is less, but at least 60. Default: no limit.
   */
  readonly timeout?: number;
  /**
   * Seconds without a sign of life after which a rank is taken to hang, whatever its steps take: its process is stopped, or its
   * machine. 0 does not watch; nor is watched where the library has no MPI_THREAD_MULTIPLE. Default: 10.
   */
  readonly heartbeat?: number;
}

type CFunction = ReturnType<LibraryHandle['func']>;

/** A `Collective` over MPI. */
export interface MpiCollective extends Collective {
  /** What the library says of itself, such as `Open MPI v4.1.4`. */
  readonly version: string;
  /** Leaves MPI; every rank calls it once, last. */
  close(): Promise<void>;
}

/** Calls may come from any thread, one at a time; or several at a time, as those of the watch (MPI 4.0, section 11.6). */
const [SERIALIZED, MULTIPLE] = [2, 3];

/**
 * UCX, which MPICH and others send by, rewrites the C library's memory functions as it starts, while threads of V8 are in them: of
 * 32 starts on MPICH under load one ended in a segmentation fault in malloc, without these hooks none of 112. They serve the registration cache of
 * RDMA; who wants them sets the variables.
 */
const WITHOUT_MEMORY_HOOKS = { UCX_MEM_MMAP_HOOK_MODE: 'none', UCX_MEM_MALLOC_HOOKS: 'n' };

/** Milliseconds after which a rank other than 0 tells why it gives up. */
const PATIENCE = 300;
/** Values in one call: counts are C ints. */
const LARGEST = 2 ** 28;

/**
 * Joins the processes that `mpirun`, `mpiexec` or `srun` started. Calls run in a thread of libuv, so that timers, signals and
 * image workers go on while a rank waits. Once per process: MPI can not be entered again after `close`.
 * @throws NatsError `provider` without a usable library, `unsupported` for another ABI or for tasks that can't find each other
 */
export async function mpiCollective(options: MpiOptions = {}): Promise<MpiCollective> {
  const { library: named, timeout, heartbeat = 10 } = options;
  const launcher = launcherOf(process.env);
  for (const [name, value] of Object.entries(WITHOUT_MEMORY_HOOKS)) process.env[name] ??= value;
  const library = await loadLibrary(launcher?.family ?? 'openmpi', named ?? process.env.NATS_MPI_LIBRARY);
  const { handle, abi, version, file } = library;
  const { handleType, world, float, double, int, byte, sum, inPlace } = abi;
  const buffer = 'void *';
  const bind = (name: string, parameters: readonly string[]) => handle.func(name, 'int', [...parameters]);
  const provided = new Int32Array(1);
  expectSuccess(
    'MPI_Init_thread',
    bind('MPI_Init_thread', [buffer, buffer, 'int', buffer])(
      null,
      null,
      heartbeat > 0 ? MULTIPLE : SERIALIZED,
      provided,
    ),
  );
  const asynchronous = provided[0]! >= SERIALIZED;
  const numberOf = (name: string) => {
    const value = new Int32Array(1);
    expectSuccess(name, bind(name, [handleType, buffer])(world, value));
    return value[0]!;
  };
  const rank = numberOf('MPI_Comm_rank');
  const size = numberOf('MPI_Comm_size');
  checkSize(size, launcher, `${version}, ${file}`);
  const watched = size > 1 && heartbeat > 0 && provided[0]! >= MULTIPLE;
  const watch = watched ? await startWatch(library, { rank, size, heartbeat }) : undefined;

  const allReduce = bind('MPI_Allreduce', [buffer, buffer, 'int', handleType, handleType, handleType]);
  const broadcast = bind('MPI_Bcast', [buffer, 'int', handleType, 'int', handleType]);
  const gather = bind('MPI_Gather', [buffer, 'int', handleType, buffer, 'int', handleType, 'int', handleType]);
  const gatherBytes = bind('MPI_Gatherv', [
    ...[buffer, 'int', handleType, buffer, buffer, buffer, handleType, 'int', handleType],
  ]);
  const barrier = bind('MPI_Barrier', [handleType]);
  const abortAll = bind('MPI_Abort', [handleType, 'int']);
  const finalize = bind('MPI_Finalize', []);

  const abort = (reason: string, code = 1) => {
    // What strikes all ranks alike is told once: the first ends the others before they speak.
    if (rank > 0) sleep(PATIENCE + 50 * Math.min(rank, 40));
    lastWords(rank, size, reason);
    abortAll(world, code);
  };
  // One call after the other, whatever the caller awaits: MPI matches calls of ranks by their order.
  let last: Promise<unknown> = Promise.resolve();
  const call = (what: string, run: CFunction, ...args: readonly unknown[]): Promise<void> =>
    inTurn(what, async () => {
      const status = asynchronous
        ? await new Promise<number>((resolve, reject) => {
            run.async(...args, (error: unknown, result: number) => (error ? reject(error) : resolve(result)));
          })
        : (run(...args) as number);
      expectSuccess(what, status);
      if (what === 'MPI_Allreduce') patience.noteSum();
    });
  const inTurn = (what: string, run: () => Promise<void>): Promise<void> => {
    const next = last.then(() => timed(what, run));
    last = next.catch(() => {});
    return next;
  };
  const patience = createPatience(timeout);
  let ended = performance.now();
  const timed = async (what: string, run: () => Promise<void>) => {
    const began = performance.now();
    patience.note((began - ended) / 1000);
    const limit = patience.limit();
    const giveUp = () => abort(`waited ${Math.round(limit!)} s in ${what} for ${awaited()}`);
    const timer = limit === undefined ? undefined : setTimeout(giveUp, limit * 1000);
    watch?.noteCall();
    calls++;
    try {
      await run();
    } finally {
      clearTimeout(timer);
      ended = performance.now();
      patience.note((ended - began) / 1000);
    }
  };
  let calls = 0;
  const awaited = () => {
    const other = watch?.last();
    // Not known, or it has come meanwhile.
    if (!other || other.calls >= calls) return 'other ranks: one hangs, or is slower than the limit allows';
    return `rank ${other.rank}, which ${doingOf(other)}`;
  };

  return {
    rank,
    size,
    version,
    allReduce: async (values) => {
      const type = values instanceof Float32Array ? float : double;
      for (let start = 0; start < values.length; start += LARGEST) {
        const part = values.subarray(start, start + LARGEST);
        await call('MPI_Allreduce', allReduce, inPlace, part, part.length, type, sum, world);
      }
    },
    broadcast: async (bytes, root = 0) => {
      for (let start = 0; start < bytes.length; start += LARGEST) {
        const part = bytes.subarray(start, start + LARGEST);
        await call('MPI_Bcast', broadcast, part, part.length, byte, root, world);
      }
    },
    gather: async (bytes, root = 0) => {
      const own = Int32Array.of(bytes.length);
      const lengths = new Int32Array(size);
      await call('MPI_Gather', gather, own, 1, int, lengths, 1, int, root, world);
      const offsets = new Int32Array(size);
      for (let i = 1; i < size; i++) offsets[i] = offsets[i - 1]! + lengths[i - 1]!;
      const all = new Uint8Array(rank === root ? offsets[size - 1]! + lengths[size - 1]! : 0);
      await call('MPI_Gatherv', gatherBytes, bytes, bytes.length, byte, all, lengths, offsets, byte, root, world);
      if (rank !== root) return undefined;
      return Array.from(offsets, (offset, i) => all.slice(offset, offset + lengths[i]!));
    },
    barrier: () => call('MPI_Barrier', barrier, world),
    abort,
    close: async () => {
      if (watch) await inTurn('MPI_Finalize', watch.stop);
      await call('MPI_Finalize', finalize);
    },
  };
}

function expectSuccess(what: string, status: number): void {
  if (status === 0) return;
  throw new NatsError('provider', { rule: 'a call of MPI succeeds', received: `status ${status}`, where: what });
}

/** Ranks that each believe to be alone would all train for themselves, and write over each other. */
function checkSize(size: number, launcher: ReturnType<typeof launcherOf>, library: string): void {
  if (!launcher || launcher.size === size) return;
  throw new NatsError('provider', {
    rule: 'the MPI library is that of the program that starts the processes',
    received: `${size} of ${launcher.size} processes of ${launcher.name} (${library})`,
    limit: 'start with the mpirun of the same installation, or name its library in NATS_MPI_LIBRARY',
  });
}
