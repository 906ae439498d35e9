import type { LatencyShape, MeasuredDivision } from '@nats/space';
import { partsOf } from './evenest-division.js';

/** Times by that of a whole network as it is. The same file opened twice may differ by a hundredth: so there are two of each. */
export interface WholeRatios {
  readonly twin: number;
  /** With all convolutions divided. */
  readonly divided: readonly [number, number];
}

/**
 * What a divided convolution adds to the whole network beyond what it adds to its stage by itself, whose maps are nearer in the
 * caches.
 * @param predicted of the divided network, by what stages say
 * @param convolutions that are divided
 * @returns a part of the original's latency, the mean over convolutions, 0 at least
 */
export function beyondStages({ twin, divided }: WholeRatios, predicted: number, convolutions: number): number {
  const measured = (divided[0] + divided[1]) / (1 + twin);
  return Math.max(0, measured - predicted) / convolutions;
}

/** The shape with that much more in each of its divisions; a convolution that is changed as a whole is not divided. */
export function withBeyond(shape: LatencyShape, beyond: number): LatencyShape {
  const divisions = shape.divisions.map((division): MeasuredDivision => {
    if (partsOf(division) < 2) return division;
    const { channels, extra, low, high } = division;
    return { channels, extra: extra + beyond, low: low + beyond, high: high + beyond };
  });
  return { ...shape, divisions };
}
