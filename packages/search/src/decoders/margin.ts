import { check } from '@nats/graph';
import type { Preferences } from './preferences.js';

/**
 * Weighs the evidence against leaving (1,1), the weights' own dilation: its odds are multiplied by `margin` before anything
 * is decoded, as a prior would. By argmax a dilation then replaces (1,1) where it is more than `margin` times as probable;
 * proportional shares move by the same odds (our choice). 1 changes nothing.
 * @param original the index of (1,1) among the genotypes
 * @throws NatsError `attribute` unless the margin is a positive number
 */
export function preferOriginal(preferences: Preferences, original: number, margin: number): Preferences {
  check(margin > 0 && Number.isFinite(margin), 'attribute', () => ({
    rule: 'a margin says how many times as probable as (1,1) a dilation must be to replace it',
    received: String(margin),
    limit: 'a positive number; above 1 prefers (1,1), 1 is none',
  }));
  if (margin === 1) return preferences;
  const probabilities = preferences.probabilities.map((row) => {
    const weighed = row.map((p, g) => (g === original ? p * margin : p));
    const sum = weighed.reduce((a, b) => a + b, 0);
    return weighed.map((p) => p / sum);
  });
  return { ...preferences, probabilities };
}
