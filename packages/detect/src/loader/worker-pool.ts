import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NatsError } from '@nats/graph';
import type { BatchArrays, BatchConfig, BatchTask } from './make-batch.js';
import { receiveError, type SentError } from './sent-error.js';
import { workerFile } from './worker-file.js';

export interface Request {
  readonly number: number;
  readonly task: BatchTask;
}

export type Reply =
  | { readonly number: number; readonly arrays: BatchArrays }
  | { readonly number: number; readonly error: SentError };

/** Threads that make batches. */
export interface WorkerPool {
  make(task: BatchTask): Promise<BatchArrays>;
  /** Ends the threads; what they were asked for is rejected. */
  close(): Promise<void>;
}

interface Member {
  readonly worker: Worker;
  /** Batches that it was asked for, by number. */
  readonly pending: Map<number, { resolve(arrays: BatchArrays): void; reject(error: Error): void }>;
}

/** Starts `count` threads. They do not keep the process alive while they have nothing to do. */
export function createWorkerPool(count: number, config: BatchConfig): WorkerPool {
  let closed = false;
  let number = 0;
  const start = (): Member => {
    const member: Member = { worker: startThread(config), pending: new Map() };
    const fail = (error: Error) => {
      for (const { reject } of member.pending.values()) reject(error);
      member.pending.clear();
    };
    member.worker.on('message', (reply: Reply) => {
      const asked = member.pending.get(reply.number);
      member.pending.delete(reply.number);
      // A thread that is being ended keeps the process alive until it has.
      if (member.pending.size === 0 && !closed) member.worker.unref();
      if ('error' in reply) asked?.reject(receiveError(reply.error));
      else asked?.resolve(reply.arrays);
    });
    member.worker.on('error', fail);
    member.worker.on('exit', (code) => {
      fail(closed ? closedError() : new Error(`a loader's worker ended with exit code ${code}`));
      const at = members.indexOf(member);
      if (!closed && at >= 0) members.splice(at, 1);
    });
    member.worker.unref();
    return member;
  };
  const members: Member[] = [];
  return {
    make: (task) => {
      if (closed) return Promise.reject(closedError());
      // A thread that ended (out of memory, say) is replaced when the next batch is asked for.
      while (members.length < count) members.push(start());
      const member = members.reduce((least, other) => (other.pending.size < least.pending.size ? other : least));
      const request: Request = { number: number++, task };
      return new Promise((resolve, reject) => {
        member.pending.set(request.number, { resolve, reject });
        member.worker.ref();
        member.worker.postMessage(request);
      });
    },
    close: async () => {
      closed = true;
      await Promise.all(members.map(({ worker }) => worker.terminate()));
    },
  };
}

export function closedError(): NatsError {
  return new NatsError('disposed', { rule: 'a loader gives batches until it is closed', received: 'a closed loader' });
}

/**
 * Starts the built file in a distribution; in this repository's tests and scripts the source, through tsx. tsx must be
 * registered from inside the thread: Node 20 takes no loader for a thread's first file.
 */
function startThread(workerData: BatchConfig): Worker {
  const { url, source } = workerFile();
  if (!source) return new Worker(url, { workerData });
  // What `require` finds is the CommonJS half.
  const tsx = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const code = `import(${JSON.stringify(pathToFileURL(tsx).href)})
    .then(({ register }) => { register(); return import(${JSON.stringify(url.href)}); })`;
  return new Worker(code, { eval: true, workerData, execArgv: ['--conditions=@nats/source'] });
}
