import type { RuleSetName } from './rule-sets.js';
import { type readyRules, rename } from './rules.js';
import { sameButOnes } from './transform.js';

/** Where in a file a network was found. */
export interface FoundModel {
  readonly set: RuleSetName;
  /** What stands before its names in the file: '' or dotted, such as `module.encoder_q.`. */
  readonly inside: string;
  /** Other places that fit as well and were passed over because their name says that they are copies. */
  readonly others: readonly string[];
  /** Other places that fit as well, with nothing that tells which is meant. */
  readonly rivals: readonly string[];
}

interface Named {
  readonly name: string;
  readonly shape: readonly number[];
}

interface Candidate {
  readonly set: RuleSetName;
  readonly inside: string;
  readonly score: number;
  readonly leftOver: number;
}

/** Names that are looked at, and dots of a name at which a model may begin: enough for checkpoints of several models. */
const MOST_NAMES = 5000;
const MOST_DOTS = 8;
/** A place is taken for the network if at least this part of its names is there. */
const LEAST_SHARE = 0.25;

/**
 * Copies of a model that lie beside it: the slowly following ones of MoCo and BYOL, the student of DINO (its teacher is
 * what is published), averages (their choice is the caller's). The first place that is none of these is taken.
 */
const COPY =
  /(?:^|[._])(?:encoder_k|momentum_encoder|momentum|target_encoder|target_network|target|student|model_ema|ema_model|ema|swa_model)(?:[._]|$)/;

/**
 * Looks for a network in a file under every dotted prefix that occurs: detectors and trainers put backbones behind
 * `backbone.`, `module.encoder_q.`, `model._orig_mod.`, or a name of their own. The score counts names of the network that
 * are found, once more if the shape agrees.
 */
export function findModel(
  tensors: readonly Named[],
  sets: readonly { readonly name: RuleSetName; readonly rules: ReturnType<typeof readyRules> }[],
  {
    expected,
    prefix,
    isTolerated,
  }: {
    readonly expected: ReadonlyMap<string, { readonly shape: readonly number[] }>;
    readonly prefix: string;
    readonly isTolerated: (name: string) => boolean;
  },
): FoundModel {
  const wanted = [...expected.keys()].filter((name) => name.startsWith(prefix)).length;
  const sample = tensors.slice(0, MOST_NAMES);
  const target = (name: string) => (name.startsWith(prefix) ? name : prefix + name);

  const scores: Candidate[] = [];
  for (const { name: set, rules } of sets) {
    const found = new Map<string, Set<string>>();
    const agreeing = new Map<string, number>();
    for (const { name, shape } of sample) {
      for (const inside of prefixesOf(name)) {
        const renamed = rename(name.slice(inside.length), rules).name;
        const to = renamed === null ? undefined : target(renamed);
        const want = to === undefined ? undefined : expected.get(to);
        if (to === undefined || want === undefined) continue;
        const names = found.get(inside) ?? new Set();
        found.set(inside, names.add(to));
        if (sameButOnes(shape, want.shape)) agreeing.set(inside, (agreeing.get(inside) ?? 0) + 1);
      }
    }
    for (const [inside, names] of found) {
      if (inside !== '' && names.size < LEAST_SHARE * wanted) continue;
      scores.push({ set, inside, score: names.size + (agreeing.get(inside) ?? 0), leftOver: 0 });
    }
  }
  const highest = scores.reduce((most, { score }) => Math.max(most, score), 0);
  const rulesOf = new Map(sets.map(({ name, rules }) => [name, rules]));
  const leftOver = ({ set, inside }: Candidate) =>
    sample.filter(({ name }) => {
      if (!name.startsWith(inside)) return false;
      const renamed = rename(name.slice(inside.length), rulesOf.get(set)!).name;
      if (renamed === null || expected.has(target(renamed))) return false;
      return !isTolerated(target(renamed));
    }).length;
  const tied = scores
    .filter(({ score }) => score === highest)
    .map((candidate) => ({ ...candidate, leftOver: leftOver(candidate) }));
  const fewest = tied.reduce((least, candidate) => Math.min(least, candidate.leftOver), Number.POSITIVE_INFINITY);
  const best = tied.filter((candidate) => candidate.leftOver === fewest);
  if (best.length === 0) return { set: sets[0]!.name, inside: '', others: [], rivals: [] };

  const originals = best.filter(({ inside }) => !COPY.test(inside));
  const chosen = originals[0] ?? best[0]!;
  const apart = (list: readonly Candidate[]) => {
    const places = [...new Set(list.map(({ inside }) => inside))].filter((place) => !overlaps(place, chosen.inside));
    return places.filter((place) => !places.some((other) => other !== place && other.startsWith(place)));
  };
  return {
    set: chosen.set,
    inside: chosen.inside,
    others: apart(best),
    rivals: originals.length > 0 ? apart(originals) : apart(best),
  };
}

/** '' and every part of a name that ends with a dot. */
function prefixesOf(name: string): string[] {
  const prefixes = [''];
  let at = name.indexOf('.');
  while (at >= 0 && prefixes.length <= MOST_DOTS) {
    prefixes.push(name.slice(0, at + 1));
    at = name.indexOf('.', at + 1);
  }
  return prefixes;
}

/** True if one place lies inside the other: two ways to say where the same tensors are. */
function overlaps(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}
