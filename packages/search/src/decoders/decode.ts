import { NatsError } from '@nats/graph';
import { apportion, apportionMultiples, indexOfMaximum } from './apportion.js';
import {
  aboveUniform,
  type ChannelChoice,
  checkPreferences,
  contiguous,
  intensities,
  type Preferences,
  sharpen,
} from './preferences.js';
import { transport } from './transport.js';

/** How probabilities become one genotype for each channel. */
export interface DecodeOptions {
  /**
   * - `proportional`: each genotype gets its intensity's share of channels, in contiguous runs (the paper).
   * - `assignment`: the same counts, but each channel group keeps what it prefers as far as they allow (ours).
   * - `argmax`: each channel group gets its most probable genotype (ours).
   */
  readonly method: 'proportional' | 'assignment' | 'argmax';
  /** Exponent of `sharpen`; default 1. */
  readonly sharpening?: number;
  /** Drop genotypes whose intensity is below 1 / G before counting; default false. */
  readonly dropBelowUniform?: boolean;
  /** Round counts to multiples of this many channels; default 1. Not for `argmax`, whose groups decide. */
  readonly multiple?: number;
}

/**
 * From probabilities to one genotype for each output channel. The counts always sum to C.
 * @throws NatsError `shape` for ill-formed preferences, `attribute` for options that contradict each other
 */
export function decode(preferences: Preferences, options: DecodeOptions): ChannelChoice {
  checkPreferences(preferences);
  const { method, sharpening = 1, multiple = 1 } = options;
  const sharpened = sharpening === 1 ? preferences : sharpen(preferences, sharpening);
  if (method === 'argmax') {
    if (multiple > 1) {
      throw new NatsError('attribute', {
        rule: 'argmax decides by channel group, so its counts are not rounded',
        received: `multiple ${multiple}`,
        limit: `a number of groups that leaves multiples of ${multiple} channels in each, or another method`,
      });
    }
    return argmaxChoice(sharpened);
  }
  const counts = proportionalCounts(sharpened, options.dropBelowUniform ?? false, multiple);
  return method === 'proportional' ? contiguous(counts) : assign(sharpened, counts);
}

function argmaxChoice({ probabilities, channels }: Preferences): ChannelChoice {
  const groupSize = channels / probabilities.length;
  return Int32Array.from({ length: channels }, (_, c) => indexOfMaximum(probabilities[Math.floor(c / groupSize)]!));
}

/** Channels for each genotype in the ratio of intensities; whole units of a grouped convolution, and whole multiples. */
export function proportionalCounts(preferences: Preferences, dropBelowUniform = false, multiple = 1): number[] {
  const { channels, unit = 1 } = preferences;
  const shares = dropBelowUniform ? aboveUniform(intensities(preferences)) : intensities(preferences);
  const units = channels / unit;
  const unitsPerMultiple = Math.max(1, Math.ceil(multiple / unit));
  const counts = unitsPerMultiple > 1 ? apportionMultiples(shares, units, unitsPerMultiple) : apportion(shares, units);
  return counts.map((count) => count * unit);
}

/**
 * Channels to genotypes with given counts, so that the sum of the probabilities of what every channel gets is largest.
 * Inside a channel group, genotypes follow each other in contiguous runs.
 */
export function assign({ probabilities, channels, unit = 1 }: Preferences, counts: readonly number[]): ChannelChoice {
  const groups = probabilities.length;
  const supply = new Array<number>(groups).fill(channels / groups / unit);
  const shipped = transport(
    probabilities,
    supply,
    counts.map((count) => count / unit),
  );
  return Int32Array.from(shipped.flatMap((row) => row.flatMap((count, g) => new Array<number>(count * unit).fill(g))));
}
