import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NatsError } from '@nats/graph';
import { BEAT_VALUES, type Beat, readBeat } from './beat.js';
import type { Library } from './library.js';

/** What the watching thread is started with. */
export interface WatchData {
  readonly file: string;
  readonly handleType: 'void *' | 'int';
  readonly world: unknown;
  readonly byte: unknown;
  readonly statusIgnore: bigint;
  /** A duplicate of the world's, so that beats and the calls of a training never meet. */
  readonly communicator: unknown;
  readonly rank: number;
  readonly size: number;
  /** Seconds. */
  readonly heartbeat: number;
  readonly shared: SharedArrayBuffer;
}

/** Numbers that both threads see: turns of the main thread's event loop, its calls of MPI, and the beat of the rank that is last. */
export function sharedNumbers(shared: SharedArrayBuffer) {
  return { main: new Float64Array(shared, 0, 2), lastRank: new Float64Array(shared, 16, BEAT_VALUES) };
}

/** Watches the ranks of a training from a thread of its own. */
export interface Watch {
  /** The main thread begins a call. */
  noteCall(): void;
  /** Of all ranks the one that has begun the fewest calls, as far as is known. */
  last(): Beat;
  /** Every rank calls it; ends when all have. */
  stop(): Promise<void>;
}

/**
 * Beats from a thread of its own over MPI: a step may keep the main thread for minutes, a process that is stopped or whose
 * machine is gone is silent. Every rank beats to rank 0, ten times within `heartbeat` seconds; rank 0 beats back. Who is
 * silent for as long ends all, and so does a main thread that stands still for three times as long without using a processor.
 * @throws NatsError `provider` if the thread can not begin
 */
export async function startWatch(
  { file, handle, abi }: Library,
  { rank, size, heartbeat }: Pick<WatchData, 'rank' | 'size' | 'heartbeat'>,
): Promise<Watch> {
  const { handleType, world, byte, statusIgnore } = abi;
  // A handle is an address or a C int; both are read back from where the call wrote it.
  const place = Buffer.alloc(8);
  const status = handle.func('MPI_Comm_dup', 'int', [handleType, 'void *'])(world, place) as number;
  if (status !== 0)
    throw new NatsError('provider', {
      rule: 'a call of MPI succeeds',
      received: `status ${status}`,
      where: 'MPI_Comm_dup',
    });
  const communicator = handleType === 'int' ? place.readInt32LE(0) : place.readBigUInt64LE(0);
  const shared = new SharedArrayBuffer(16 + 8 * BEAT_VALUES);
  const { main, lastRank } = sharedNumbers(shared);
  const data: WatchData = {
    ...{ file, handleType, world, byte, statusIgnore, communicator, rank, size, heartbeat, shared },
  };
  const worker = startThread(data);
  const told = (what: string) =>
    new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message) => message === what && resolve());
    });
  await told('begun').catch((error: Error) => {
    throw new NatsError('provider', {
      rule: 'a thread of its own watches the ranks',
      received: error.message,
      limit: 'heartbeat: 0 does without',
    });
  });
  worker.unref();
  const turning = setInterval(() => main[0]!++, (1000 * heartbeat) / 20).unref();
  return {
    noteCall: () => {
      main[1]!++;
    },
    last: () => readBeat(lastRank),
    stop: async () => {
      const stopped = told('stopped');
      worker.ref();
      worker.postMessage('stop');
      await stopped;
      clearInterval(turning);
      await worker.terminate();
      handle.func('MPI_Comm_free', 'int', ['void *'])(place);
    },
  };
}

/** From a distribution the built file; in this repository's tests and scripts the source, through tsx, registered in the thread. */
function startThread(workerData: WatchData): Worker {
  const built = new URL('./worker.js', import.meta.url);
  if (existsSync(fileURLToPath(built))) return new Worker(built, { workerData });
  const source = new URL('./worker.ts', import.meta.url);
  if (!existsSync(fileURLToPath(source)))
    throw new NatsError('unsupported', {
      rule: 'the thread that watches the ranks starts from a file of its own, which bundlers do not see',
      received: `no ${fileURLToPath(built)}`,
      limit: 'copy node_modules/@nats/mpi/dist/worker.js and its dependencies there, or heartbeat: 0',
    });
  const tsx = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const code = `import(${JSON.stringify(pathToFileURL(tsx).href)})
    .then(({ register }) => { register(); return import(${JSON.stringify(source.href)}); })`;
  return new Worker(code, { eval: true, workerData, execArgv: ['--conditions=@nats/source'] });
}
