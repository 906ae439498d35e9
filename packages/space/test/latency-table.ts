import { demoResnet } from '../src/backbones/index.js';
import type { Genotype } from '../src/genotypes.js';
import type { LatencyTable, MeasuredDivision } from '../src/latency/index.js';
import { searchSpace } from '../src/search-space.js';

/** A table of the demo's backbone by a formula: each part of n channels adds `part(n)`, several parts add 0.001 more. */
export function formulaTable(
  genotypes: readonly Genotype[],
  part: (channels: number) => number,
  whole: readonly number[],
): LatencyTable {
  const space = searchSpace(demoResnet(), { genotypes });
  const divisionsOf = (channels: number): MeasuredDivision[] => {
    const piece = channels / 8;
    const all = compositions(8, genotypes.length).map((counts) => counts.map((count) => count * piece));
    return all.map((counts) => {
      const dilations = counts.reduce((sum, count, g) => sum + (count / channels) * whole[g]!, 0);
      const parts = counts.filter((count) => count > 0);
      const extra = dilations + (parts.length > 1 ? 0.001 + parts.reduce((sum, count) => sum + part(count), 0) : 0);
      return { channels: counts, extra, low: extra - 0.001, high: extra + 0.001 };
    });
  };
  return {
    backbone: space.backbone,
    network: 'backbone',
    size: [128, 128],
    target: { engine: 'onnxruntime', providers: ['cpu'], threads: 1, batch: 1, precision: 'float32' },
    genotypes,
    original: { median: 10, low: 9.5, high: 11 },
    environment: { node: '20.0.0', processors: 2 },
    created: '2026-01-01T00:00:00.000Z',
    shapes: space.sites.map(({ name, channels, unit }) => ({
      sites: [name],
      channels,
      unit,
      resolution: 0,
      contiguous: -0.0005,
      divisions: divisionsOf(channels),
    })),
    stages: [],
  };
}

function compositions(total: number, parts: number): number[][] {
  if (parts === 1) return [[total]];
  return Array.from({ length: total + 1 }, (_, first) =>
    compositions(total - first, parts - 1).map((rest) => [first, ...rest]),
  ).flat();
}
