import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { inSharedMemory } from './image-sources.js';
import { type BatchConfig, type BatchTask, makeBatch } from './make-batch.js';
import { sendError } from './sent-error.js';
import type { Reply, Request } from './worker-pool.js';

// The thread itself is the unit of parallelism.
sharp.concurrency(1);
sharp.cache(false);

const config = workerData as BatchConfig;
const port = parentPort!;
let last: Promise<void> = Promise.resolve();

port.on('message', ({ number, task }: Request) => {
  // One after another: memory stays bounded, and batches come in order.
  last = last.then(() => answer(number, task));
});

async function answer(number: number, task: BatchTask): Promise<void> {
  try {
    const { decoded, ...arrays } = await makeBatch(task, config);
    const shared = new Map([...decoded].map(([key, image]) => [key, inSharedMemory(image)]));
    const reply: Reply = { number, arrays: { ...arrays, decoded: shared } };
    port.postMessage(reply, [arrays.images.buffer as ArrayBuffer]);
  } catch (error) {
    const reply: Reply = { number, error: sendError(error) };
    port.postMessage(reply);
  }
}
