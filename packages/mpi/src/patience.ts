/** All-reduces after which a training's pace is known: what happens before (weights, compilers) happens once. */
const SETTLED = 20;
/** Seconds that are always waited: rank 0 may write a checkpoint to a slow disk. */
const LEAST = 60;
/** How many times the longest time so far. */
const FACTOR = 20;

/** How long a call may wait for other ranks before one of them is taken to hang. */
export interface Patience {
  /** Seconds; undefined for ever. */
  limit(): number | undefined;
  /** A call, or what a rank did between two, took so many seconds. */
  note(seconds: number): void;
  /** A sum over ranks was made: there are some in every step, and none before the first. */
  noteSum(): void;
}

/**
 * At first as long as the caller says; once steps are made, `FACTOR` times the longest that anything took on this rank, so that a
 * hang in a training of fast steps is found in a minute.
 * @param timeout seconds, the most; default: for ever
 */
export function createPatience(timeout: number | undefined): Patience {
  let [sums, longest] = [0, 0];
  return {
    limit: () =>
      timeout === undefined || sums < SETTLED ? timeout : Math.min(timeout, Math.max(LEAST, FACTOR * longest)),
    note: (seconds) => {
      longest = Math.max(longest, seconds);
    },
    noteSum: () => {
      sums++;
    },
  };
}
