import { distance } from 'fastest-levenshtein';

/** The candidate that takes the fewest edits to become, if they are few enough for a typing error. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  // A third of the letters, at least two.
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits >= fewest) continue;
    [best, fewest] = [candidate, edits];
  }
  return best;
}
