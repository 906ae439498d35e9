import type { LatencyShape, MeasuredDivision } from '@nats/space';

/** Parts of a division: genotypes that have channels. */
export function partsOf({ channels }: Pick<MeasuredDivision, 'channels'>): number {
  return channels.filter((count) => count > 0).length;
}

/** Of the measured divisions in so many parts the one whose largest part is smallest. */
export function evenestDivision({ divisions }: LatencyShape, parts: number): MeasuredDivision | undefined {
  return divisions
    .filter((division) => partsOf(division) === parts)
    .toSorted((a, b) => Math.max(...a.channels) - Math.max(...b.channels))[0];
}
