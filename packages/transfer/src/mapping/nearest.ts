import { distance } from 'fastest-levenshtein';

/** How many candidates are compared with one name; beyond it, suggestions are not worth their time. */
const MOST_CANDIDATES = 2000;
const LONGEST_NAME = 256;

/** The candidate with the least Levenshtein distance to `name`, if less than half of the name would change. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.ceil(name.length / 2);
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const changes = distance(name.slice(0, LONGEST_NAME), candidate.slice(0, LONGEST_NAME));
    if (changes < bestDistance) {
      best = candidate;
      bestDistance = changes;
    }
  }
  return best;
}
