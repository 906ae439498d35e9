import { type BackboneConfig, backboneConfig, demoResnet, isBackboneName, stageOf } from '../backbones/index.js';
import { formatGenotype, type Genotype } from '../genotypes.js';
import { countGenotypes, runsOf, type Scheme } from './scheme.js';

/** One line of a scheme's summary. */
export interface SchemeRow {
  /** A site, `layer2.0.conv2`; or a stage, `C3`; or `all`. */
  readonly name: string;
  readonly channels: number;
  /** Channels of each genotype, in the order of `scheme.genotypes`. */
  readonly counts: readonly number[];
  /** Runs of equal neighbors; more than the genotypes that are used means interleaved. Only for sites. */
  readonly runs?: number;
  /** Mean dilation `[vertical, horizontal]` over channels. */
  readonly meanDilation: Genotype;
}

/**
 * Counts by convolution, by stage, and in all: what a report shows.
 * @param backbone whose convolutions they are; default: the network that the scheme names, if it is one that has a name of
 * its own. Without one there are no stages.
 */
export function schemeRows(
  scheme: Scheme,
  backbone: BackboneConfig | undefined = namedBackbone(scheme.backbone),
): { sites: SchemeRow[]; stages: SchemeRow[]; all: SchemeRow } {
  const sites: SchemeRow[] = [];
  const stages = new Map<string, number[]>();
  const all = new Array<number>(scheme.genotypes.length).fill(0);
  for (const [name, choice] of scheme.convolutions) {
    const counts = countGenotypes(choice, scheme.genotypes.length);
    sites.push({ ...rowOf(name, counts, scheme), runs: runsOf(choice).length });
    const stage = backbone && stageOf(backbone, name);
    const sum = (stage && stages.get(stage)) ?? new Array<number>(all.length).fill(0);
    for (const [g, count] of counts.entries()) {
      sum[g]! += count;
      all[g]! += count;
    }
    if (stage) stages.set(stage, sum);
  }
  return {
    sites,
    stages: [...stages].map(([name, counts]) => rowOf(name, counts, scheme)),
    all: rowOf('all', all, scheme),
  };
}

function namedBackbone(name: string): BackboneConfig | undefined {
  const demo = demoResnet();
  return name === demo.name ? demo : isBackboneName(name) ? backboneConfig(name) : undefined;
}

function rowOf(name: string, counts: readonly number[], { genotypes }: Scheme): SchemeRow {
  const channels = counts.reduce((sum, count) => sum + count, 0);
  const mean = (axis: 0 | 1) =>
    channels === 0 ? 1 : counts.reduce((sum, count, g) => sum + count * genotypes[g]![axis], 0) / channels;
  return { name, channels, counts, meanDilation: [mean(0), mean(1)] };
}

/** A table for people: one line for each convolution, then stages, then all; columns are genotypes. See `schemeRows`. */
export function summarizeScheme(scheme: Scheme, backbone?: BackboneConfig): string {
  const { sites, stages, all } = schemeRows(scheme, backbone);
  const header = ['convolution', 'channels', ...scheme.genotypes.map(formatGenotype), 'mean dilation'];
  const line = ({ name, channels, counts, meanDilation: [h, w] }: SchemeRow) => [
    name,
    String(channels),
    ...counts.map((count) => (count === 0 ? '·' : `${count} (${Math.round((100 * count) / channels)} %)`)),
    h === w ? h.toFixed(2) : `${h.toFixed(2)} x ${w.toFixed(2)}`,
  ];
  const table = [header, ...sites.map(line), [], ...stages.map(line), line(all)];
  const widths = header.map((_, i) => Math.max(...table.map((cells) => cells[i]?.length ?? 0)));
  const text = table.map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  const { tool, method } = scheme.provenance;
  const origin = [method, `${tool.name} ${tool.version}`].filter((part) => part !== undefined).join(', ');
  return [`Scheme for ${scheme.backbone} (${origin})`, '', ...text, ''].join('\n');
}
