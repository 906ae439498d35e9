import { NatsError } from '@nats/graph';
import { printable } from '../printable.js';
import { nearestName } from './nearest.js';
import { hasFoldedNorms, otherNetwork } from './other-networks.js';
import { compilePattern, literalPattern } from './patterns.js';
import type { LoadedWeight, WeightReport } from './report.js';
import type { WeightRules } from './rules.js';

/** How many surprises an error lists with their nearest names. */
const LISTED = 10;
/** Patterns that a suggestion has at most. */
const SUGGESTED = 6;

/**
 * The error for a file and a network that differ. Names of the file are as in the file, those of the network without the
 * prefix, as torchvision has them; the way out is rules that settle the differences, ready to be copied.
 */
export function surprise(report: WeightReport, extra: readonly LoadedWeight[], prefix: string): NatsError {
  const bare = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const sources = extra.map(({ source }) => source);
  const missing = report.missing.map(bare);
  const near = (name: string, others: readonly string[]) => {
    const nearest = nearestName(name, others);
    return nearest === undefined ? name : `${name} (nearest: ${nearest})`;
  };
  const part = (label: string, items: readonly string[], show: (item: string) => string) => {
    if (items.length === 0) return [];
    const rest = items.length > LISTED ? `, … ${items.length - LISTED} more` : '';
    return [`${items.length} ${label}: ${items.slice(0, LISTED).map(show).map(printable).join(', ')}${rest}`];
  };
  const mismatched = report.mismatched.map(
    ({ name, received, wanted }) => `${bare(name)} is ${received}, not ${wanted}`,
  );
  const received = [
    ...part('missing', missing, (name) => near(name, sources)),
    ...part('unexpected', sources, (name) => near(name, missing)),
    ...part('mismatched', mismatched, (text) => text),
  ].join('; ');
  const found = report.loaded.length + report.reshaped.length;
  const place = report.inside === '' ? '' : ` (looked for behind ${JSON.stringify(report.inside)} in the file)`;
  return new NatsError('state', {
    rule: 'a file has the weights of the network, no more and no less',
    received: `${received}; ${found} fit${place}`,
    limit: knownCause(missing, sources) ?? wayOut(report, missing, sources, bare),
  });
}

/** What rules would only hide. */
function knownCause(missing: readonly string[], extra: readonly string[]): string | undefined {
  const other = otherNetwork(extra);
  if (other !== undefined) {
    return `the file's names are those of ${other}, which is not built here: choose a file of this network`;
  }
  if (!hasFoldedNorms(missing, extra)) return undefined;
  return "the norms of this ONNX file went into its convolutions: take the state_dict that it was exported from, or export it with torch.onnx's training=TrainingMode.TRAINING and do_constant_folding=False";
}

function wayOut(
  report: WeightReport,
  missing: readonly string[],
  extra: readonly string[],
  bare: (name: string) => string,
): string {
  const found = report.loaded.length + report.reshaped.length;
  if (found === 0 && extra.length === 0) return 'choose a file of this network, or the network of this file';
  const mismatched = report.mismatched.length > 0;
  const other = mismatched || missing.length > found;
  const rename = missing.length > 0 && extra.length > 0 ? renaming(missing, extra) : undefined;
  const fitting = [...report.loaded, ...report.reshaped];
  const rules: WeightRules = {
    ...(rename && { rename }),
    ...(!rename &&
      extra.length > 0 && {
        drop: patternsFor(
          extra,
          fitting.map(({ source }) => source),
        ),
      }),
    ...(!rename &&
      missing.length > 0 && {
        optional: patternsFor(
          missing,
          fitting.map(({ name }) => bare(name)),
        ),
      }),
  };
  const unsettled = [
    ...(rules.drop === undefined ? [] : unmet(extra, rules.drop)),
    ...(rules.optional === undefined ? [] : unmet(missing, rules.optional)),
  ];
  const words = [
    ...(other ? ['if the file is of another network, choose the one that fits'] : []),
    ...(Object.keys(rules).length > 0 ? [`else, rules such as ${JSON.stringify(rules)}`] : []),
  ].join('; ');
  return other || unsettled.length > 0
    ? words.replace(/^else, /, '')
    : words.replace(/^else, rules such as/, 'rules that settle it:');
}

/** Names that patterns leave: a suggestion has only so many. */
function unmet(names: readonly string[], patterns: readonly string[]): string[] {
  const compiled = patterns.map((pattern) => compilePattern(pattern));
  return names.filter((name) => !compiled.some((pattern) => pattern.matches(name)));
}

/** The renaming that would bring the most of the file's names to missing ones: a change of what they begin with. */
function renaming(missing: readonly string[], extra: readonly string[]): Record<string, string> | undefined {
  const heads = new Map<string, number>();
  for (const name of extra.slice(0, 200)) {
    for (const wanted of missing.slice(0, 200)) {
      const [from, to] = differingHeads(name, wanted);
      const key = JSON.stringify([from, to]);
      if (from !== name || to !== wanted) heads.set(key, (heads.get(key) ?? 0) + 1);
    }
  }
  const best = [...heads].reduce<[string, number]>((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  // One pair that ends alike is chance; a renaming explains most of one side.
  if (best[1] < 2 || best[1] * 2 < Math.min(missing.length, extra.length, 200)) return undefined;
  const [from, to] = JSON.parse(best[0]) as [string, string];
  return { [`^${literalPattern(from)}`]: to };
}

/** What stands before the longest common end of two names, cut at a dot, slash or underscore. */
function differingHeads(a: string, b: string): [string, string] {
  let common = 0;
  while (common < Math.min(a.length, b.length) && a.at(-1 - common) === b.at(-1 - common)) common++;
  const isBoundary = (text: string, at: number) => at <= 0 || at >= text.length || /[./_]/.test(text[at - 1]!);
  while (common > 0 && !(isBoundary(a, a.length - common) && isBoundary(b, b.length - common))) common--;
  return [a.slice(0, a.length - common), b.slice(0, b.length - common)];
}

/**
 * A pattern for each name, or, where there are many, for what all of them end with (`.running_var`), or for the first parts of
 * names: as few parts as tell them from the names that are `not` meant.
 */
function patternsFor(names: readonly string[], not: readonly string[]): string[] {
  if (names.length <= 3) return names.map((name) => `^${literalPattern(name)}$`);
  const tails = [...new Set(names.map((name) => name.slice(name.lastIndexOf('.'))))];
  if (tails.length <= 2 && !tails.some((tail) => !tail.startsWith('.') || not.some((name) => name.endsWith(tail)))) {
    return tails.map((tail) => `${literalPattern(tail)}$`);
  }
  const headsOf = (parts: number) => [...new Set(names.map((name) => headOf(name, parts)))];
  for (let parts = 1; parts <= 3; parts++) {
    const heads = headsOf(parts);
    if (!heads.some((head) => not.some((name) => name.startsWith(head)))) return shown(heads);
  }
  return shown(headsOf(3));
}

function shown(heads: readonly string[]): string[] {
  return heads.slice(0, SUGGESTED).map((head) => `^${literalPattern(head)}${head.endsWith('.') ? '' : '$'}`);
}

function headOf(name: string, parts: number): string {
  const pieces = name.split('.');
  return pieces.length <= parts ? name : `${pieces.slice(0, parts).join('.')}.`;
}
