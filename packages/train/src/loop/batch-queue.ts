import type { Feeds } from '@nats/graph';
import type { Objective, Rank } from '../objective.js';

/** Which batch of a split. */
export interface BatchRequest {
  readonly split: string;
  readonly index: number;
}

export interface BatchQueue {
  /** The batches of a step, in the order of its requests; asks for those of the next steps before waiting. */
  take(step: number): Promise<Feeds[]>;
}

/**
 * Asks for batches ahead of their step, so that workers prepare them while the engine computes.
 * @param requestsOf the batches of a step (0, 1, …); none beyond the last
 * @param ahead steps
 * @param rank whose rows of each batch are wanted; default: all
 */
export function createBatchQueue(
  objective: Objective,
  requestsOf: (step: number) => readonly BatchRequest[],
  ahead: number,
  rank?: Rank,
): BatchQueue {
  const pending = new Map<string, Promise<Feeds>>();
  const keyOf = ({ split, index }: BatchRequest) => `${index} ${split}`;
  const request = (wanted: BatchRequest) => {
    const key = keyOf(wanted);
    if (pending.has(key)) return;
    const batch = rank ? rowsOf(objective, wanted, rank) : objective.batch(wanted.split, wanted.index);
    // Reported when it is taken; never if the training ends before.
    batch.catch(() => {});
    pending.set(key, batch);
  };
  return {
    take: (step) => {
      for (let k = 0; k <= ahead; k++) requestsOf(step + k).forEach(request);
      const wanted = requestsOf(step).map(keyOf);
      const batches = wanted.map((key) => pending.get(key)!);
      for (const key of wanted) pending.delete(key);
      return Promise.all(batches);
    },
  };
}

function rowsOf(objective: Objective, { split, index }: BatchRequest, rank: Rank): Promise<Feeds> {
  return objective.batchOfRank?.(split, index, rank) ?? objective.batch(split, ownIndex(index, rank));
}

/** Which batch of `batchSize` images holds a rank's rows of the batch of all ranks. */
export function ownIndex(index: number, rank: Rank | undefined): number {
  return rank ? index * rank.size + rank.rank : index;
}
