/** What a network does: a message of n bytes takes `latency + n / bandwidth`. */
export interface Link {
  /** Seconds. */
  readonly latency: number;
  /** Bytes per second. */
  readonly bandwidth: number;
}

/**
 * Seconds of a ring all-reduce of `bytes` among `processes`: 2 (p - 1) messages of n / p bytes one after the other (Patarasuk and
 * Yuan 2009, "Bandwidth optimal all-reduce algorithms").
 */
export function ringSeconds(bytes: number, processes: number, { latency, bandwidth }: Link): number {
  return 2 * (processes - 1) * (latency + bytes / processes / bandwidth);
}

/** The link that explains times of all-reduces between two processes best, by least squares of relative errors. */
export function fitLink(times: readonly (readonly [bytes: number, seconds: number])[]): Link {
  // Of two processes: seconds = 2 latency + bytes / bandwidth.
  let [aa, ab, bb, ay, by] = [0, 0, 0, 0, 0];
  for (const [bytes, seconds] of times) {
    const [a, b] = [2 / seconds, bytes / seconds];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    ay += a;
    by += b;
  }
  const determinant = aa * bb - ab * ab;
  return { latency: (ay * bb - by * ab) / determinant, bandwidth: determinant / (by * aa - ay * ab) };
}
