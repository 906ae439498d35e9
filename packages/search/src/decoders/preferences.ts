import { check } from '@nats/graph';

/** What a search found for one convolution. */
export interface Preferences {
  /** Probability of each genotype (inner) for each channel group (outer): K rows of G numbers that sum to 1. */
  readonly probabilities: readonly (readonly number[])[];
  /** Output channels of the convolution, C. Channel group k has the k-th run of C / K channels. */
  readonly channels: number;
  /** Channels that must share a genotype: those of one group of a grouped convolution. Default 1. */
  readonly unit?: number;
}

/** The index of a genotype for each output channel, in the original order of channels. */
export type ChannelChoice = Int32Array;

/**
 * The intensity of each genotype in a layer: the mean of its probability over channel groups (what the paper's decoding
 * is proportional to, as inferred from its Figure 3).
 */
export function intensities({ probabilities }: Preferences): number[] {
  const groups = probabilities.length;
  return probabilities[0]!.map((_, g) => probabilities.reduce((sum, row) => sum + row[g]!, 0) / groups);
}

/**
 * Raises probabilities to the power `exponent` and normalizes them again: above 1 sharpens before decoding (our choice).
 * Infinity leaves the first maximum only.
 */
export function sharpen(preferences: Preferences, exponent: number): Preferences {
  check(exponent > 0, 'attribute', () => ({
    rule: 'the exponent of sharpening is positive',
    received: String(exponent),
  }));
  const probabilities = preferences.probabilities.map((row) => {
    const largest = Math.max(...row);
    if (exponent === Number.POSITIVE_INFINITY) return row.map((_, g) => (g === row.indexOf(largest) ? 1 : 0));
    const powers = row.map((p) => (p / largest) ** exponent);
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((p) => p / sum);
  });
  return { ...preferences, probabilities };
}

/**
 * Genotypes below the uniform share 1 / G get nothing; the others keep their ratio. Removes what softmax leaves of
 * unwanted genotypes (our choice).
 */
export function aboveUniform(shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const kept = shares.map((share) => (share / sum >= 1 / shares.length - 1e-12 ? share : 0));
  return kept;
}

/** @throws NatsError `shape` unless the rows are distributions over the same genotypes and units and groups divide the channels. */
export function checkPreferences({ probabilities, channels, unit = 1 }: Preferences): void {
  const genotypes = probabilities[0]?.length ?? 0;
  const fits = probabilities.every(
    (row) =>
      row.length === genotypes && row.every((p) => p >= 0) && Math.abs(row.reduce((a, b) => a + b, 0) - 1) < 1e-4,
  );
  check(genotypes > 0 && fits, 'shape', () => ({
    rule: 'preferences are one distribution over the genotypes for each channel group',
    received: JSON.stringify(probabilities.slice(0, 2)),
  }));
  const groupSize = channels / probabilities.length;
  check(Number.isInteger(groupSize) && groupSize % unit === 0, 'shape', () => ({
    rule: 'channel groups have equal numbers of whole units of channels',
    received: `${channels} channels in ${probabilities.length} groups, units of ${unit}`,
    limit: `a number of groups that divides ${channels / unit}`,
  }));
}

/** Contiguous runs: the first `counts[0]` channels get genotype 0, and so on. */
export function contiguous(counts: readonly number[]): ChannelChoice {
  return Int32Array.from(counts.flatMap((count, g) => new Array<number>(count).fill(g)));
}
