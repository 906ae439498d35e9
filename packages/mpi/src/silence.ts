/** How long ranks have not been heard of. */
export interface Silence {
  /** A beat came. */
  heard(rank: number): void;
  /** It left: it is missed no more. */
  left(rank: number): void;
  /** Seconds since the last pass went by. */
  pass(elapsed: number): void;
  /** The rank that is silent for longest, with seconds; undefined if none was heard yet. */
  longest(): readonly [rank: number, seconds: number] | undefined;
}

/**
 * A rank is missed from its first beat on: how long processes take to start is nobody's matter here. More than two beats
 * at once do not count: then this process itself stood still (suspended with its job, a machine that slept).
 * @param every seconds between beats
 */
export function createSilence(every: number): Silence {
  const seconds = new Map<number, number>();
  return {
    heard: (rank) => {
      seconds.set(rank, 0);
    },
    left: (rank) => {
      seconds.delete(rank);
    },
    pass: (elapsed) => {
      for (const [rank, so] of seconds) seconds.set(rank, so + Math.min(elapsed, 2 * every));
    },
    longest: () => [...seconds].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0],
  };
}
