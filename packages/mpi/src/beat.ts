/** What a rank tells of itself in every beat, and rank 0 of the rank that is last. */
export interface Beat {
  readonly rank: number;
  /** Calls of MPI that it has begun. */
  readonly calls: number;
  /** Processors that it used since its last beat: 0 idle, 1 one of them all the time. */
  readonly processors: number;
  /** Seconds in which its main thread stood still without using a processor. */
  readonly still: number;
  /** It leaves: nothing comes after. */
  readonly last: boolean;
}

/** Float64 values of a beat. So few that MPI sends them at once, whether or not they are awaited (eager protocol). */
export const BEAT_VALUES = 5;

export function writeBeat(values: Float64Array, { rank, calls, processors, still, last }: Beat): void {
  values.set([rank, calls, processors, still, Number(last)]);
}

export function readBeat(values: Float64Array): Beat {
  const [rank, calls, processors, still, last] = values as unknown as readonly [number, number, number, number, number];
  return { rank, calls, processors, still, last: last === 1 };
}

/** Below it a rank is taken to be idle; its watch alone uses less. */
export const IDLE = 0.02;

/** Why a rank lets others wait, as far as it can tell. */
export function doingOf({ processors, still }: Beat): string {
  if (processors >= IDLE) return 'computes (a step that is much longer than those before, or an endless loop)';
  if (still > 0) return 'stands still without using a processor (a file system that does not answer, or a deadlock)';
  return 'is idle (it waits for something that does not come, such as a file)';
}
