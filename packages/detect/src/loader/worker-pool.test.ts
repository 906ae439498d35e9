import { EventEmitter } from 'node:events';
import { afterAll, expect, test, vi } from 'vitest';
import type { BatchConfig, BatchTask } from './make-batch.js';
import type { Request } from './worker-pool.js';

/** A thread that answers when it is told to, and says whether it keeps the process alive. */
class FakeWorker extends EventEmitter {
  static readonly started: FakeWorker[] = [];
  readonly asked: Request[] = [];
  keepsAlive = true;
  constructor() {
    super();
    FakeWorker.started.push(this);
  }
  ref(): void {
    this.keepsAlive = true;
  }
  unref(): void {
    this.keepsAlive = false;
  }
  postMessage(request: Request): void {
    this.asked.push(request);
  }
  answer(): void {
    this.emit('message', { number: this.asked.shift()!.number, arrays: {} });
  }
  /** As Node's: it keeps the process alive until it has ended, unless it is told otherwise again. */
  terminate(): Promise<void> {
    this.ref();
    return new Promise((resolve) => {
      this.once('exit', () => resolve());
    });
  }
}

// Other files of the process may have loaded it with Node's own threads.
vi.resetModules();
vi.doMock('node:worker_threads', () => ({ Worker: FakeWorker }));
const { createWorkerPool } = await import('./worker-pool.js');
afterAll(() => {
  vi.doUnmock('node:worker_threads');
  vi.resetModules();
});

test('threads keep the process alive while they are asked for something, and until they have ended', async () => {
  const pool = createWorkerPool(1, {} as BatchConfig);
  const first = pool.make({} as BatchTask);
  const [worker] = FakeWorker.started as [FakeWorker];
  expect(worker.keepsAlive).toBe(true);
  worker.answer();
  await first;
  expect(worker.keepsAlive).toBe(false);

  const second = pool.make({} as BatchTask);
  const closing = pool.close();
  // On its way before the thread was told to end.
  worker.answer();
  expect(worker.keepsAlive, 'nothing else may keep the process alive').toBe(true);
  worker.emit('exit', 1);
  await closing;
  await second;
});
