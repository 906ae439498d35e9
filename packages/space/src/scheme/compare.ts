import { formatGenotype } from '../genotypes.js';
import type { Scheme } from './scheme.js';

/** How two schemes differ in one convolution. */
export interface ConvolutionDifference {
  readonly name: string;
  readonly channels: number;
  /** Channels whose genotype differs; all of them if only one scheme names the convolution or the counts differ. */
  readonly changed: number;
  /** Channels by genotype (`1x2`), before and after; plain for a scheme that does not name the convolution. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

/** How two schemes differ (`compareSchemes`). */
export interface SchemeComparison {
  /** True if every channel of every convolution has the same genotype. Names, provenance and unused genotypes do not count. */
  readonly equal: boolean;
  /** True if every convolution has the same number of channels of each genotype: same histogram, perhaps other channels. */
  readonly sameCounts: boolean;
  readonly differences: readonly ConvolutionDifference[];
  readonly changedChannels: number;
}

/** Compares what two schemes do to a network: by genotypes, not by their place in a list. */
export function compareSchemes(before: Scheme, after: Scheme): SchemeComparison {
  const names = new Set([...before.convolutions.keys(), ...after.convolutions.keys()]);
  const differences: ConvolutionDifference[] = [];
  let sameCounts = true;
  for (const name of names) {
    const length = before.convolutions.get(name)?.length ?? after.convolutions.get(name)!.length;
    const a = channelNames(before, name, length);
    const b = channelNames(after, name, length);
    const changed = a.length === b.length ? a.filter((genotype, c) => genotype !== b[c]).length : b.length;
    if (changed === 0) continue;
    const difference = { name, channels: b.length, changed, before: histogram(a), after: histogram(b) };
    differences.push(difference);
    sameCounts &&= sameHistogram(difference.before, difference.after);
  }
  return {
    equal: differences.length === 0,
    sameCounts,
    differences,
    changedChannels: differences.reduce((sum, { changed }) => sum + changed, 0),
  };
}

/** A convolution that a scheme does not name is plain. */
function channelNames(scheme: Scheme, name: string, channels: number): string[] {
  const choice = scheme.convolutions.get(name);
  if (!choice) return new Array<string>(channels).fill('1x1');
  return Array.from(choice, (index) => formatGenotype(scheme.genotypes[index]!));
}

function histogram(genotypes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const genotype of genotypes) counts[genotype] = (counts[genotype] ?? 0) + 1;
  return counts;
}

function sameHistogram(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return Object.keys({ ...a, ...b }).every((genotype) => a[genotype] === b[genotype]);
}
