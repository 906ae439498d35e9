import type { Collective } from '@nats/train';
import { exchange } from '@nats/train';
import { UsageError } from '../usage-error.js';

/** One of several processes, or the only one. */
export interface Processes {
  readonly collective?: Collective | undefined;
}

/** Whether this process is the one that writes files and tells results. */
export function isFirst({ collective }: Processes): boolean {
  return collective === undefined || collective.rank === 0;
}

/** Work of the first process, for which the others wait. */
export async function asFirst<T>({ collective }: Processes, work: () => Promise<T>): Promise<T | undefined> {
  const result = isFirst({ collective }) ? await work() : undefined;
  await collective?.barrier();
  return result;
}

/** What the first process finds, on all: the others may see a shared file system as it was a moment ago. */
export async function asFirstFinds({ collective }: Processes, find: () => boolean): Promise<boolean> {
  if (!collective) return find();
  const [found] = await exchange(collective, isFirst({ collective }) && find());
  return found!;
}

/**
 * The part of a batch that each process has.
 * @param key of the config
 * @throws UsageError if the batch is not a multiple of the number of processes
 */
export function ownBatch(batchSize: number, { collective }: Processes, key: string): number {
  const size = collective?.size ?? 1;
  if (batchSize % size === 0) return batchSize / size;
  const below = Math.floor(batchSize / size) * size;
  throw new UsageError(
    `${key} ${batchSize} can not be divided among ${size} processes; set it to ${below > 0 ? `${below} or ` : ''}${below + size}, or start another number of processes`,
  );
}
