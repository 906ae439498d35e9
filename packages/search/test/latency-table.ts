import type { LatencyTable } from '@nats/space';
import { space } from './planted.js';

/**
 * A table of the planted network's space, its genotypes in another order than the space's.
 * @param divisionsOf counts of channels by the table's genotypes with what they add, for the convolution of this number
 */
export function tableOf(
  divisionsOf: (site: number, channels: number) => readonly { readonly channels: number[]; readonly extra: number }[],
): LatencyTable {
  return {
    backbone: space.backbone,
    network: 'backbone',
    size: [32, 32],
    target: { engine: 'onnxruntime', providers: ['cpu'], threads: 1, batch: 1, precision: 'float32' },
    genotypes: space.genotypes.toReversed(),
    original: { median: 1, low: 1, high: 1 },
    environment: {},
    created: '2026-01-01T00:00:00.000Z',
    shapes: space.sites.map(({ name, channels, unit }, site) => ({
      sites: [name],
      channels,
      unit,
      resolution: 0,
      contiguous: 0,
      divisions: divisionsOf(site, channels).map((division) => {
        const { extra } = division;
        return { ...division, low: extra, high: extra };
      }),
    })),
    stages: [],
  };
}

/** All ways to write `total` as a sum of `parts` whole numbers of at least 0, in order. */
export function everyCount(total: number, parts: number): number[][] {
  if (parts === 1) return [[total]];
  return Array.from({ length: total + 1 }, (_, first) =>
    everyCount(total - first, parts - 1).map((rest) => [first, ...rest]),
  ).flat();
}
