import { NatsError } from '@nats/graph';
import { RULE_SETS, type RuleSetName } from './rule-sets.js';
import { type MapRule, type Renamed, readyRules, rename } from './rules.js';

/** Rules in force: how they are called in reports, and what they do. */
export interface Choice {
  readonly label: string;
  readonly rename: (name: string) => Renamed;
  readonly fillsNorms: boolean;
}

/** The rules that a caller asked for; for `auto`, the set that maps most of the file's names to names of the network. */
export function chooseRules(
  rules: 'auto' | RuleSetName | readonly (RuleSetName | MapRule)[],
  names: readonly string[],
  expected: ReadonlyMap<string, unknown>,
  prefix: string,
  author: string | undefined,
): Choice {
  if (rules !== 'auto') return combine(typeof rules === 'string' ? [rules] : rules);
  const rgb = author === 'torchvision';
  const candidates: RuleSetName[] = ['none', 'torchvision', 'timm', 'cifar-resnet'];
  candidates.push(...(rgb ? (['detectron2-rgb', 'caffe2-rgb'] as const) : (['detectron2', 'caffe2'] as const)));
  let best = combine(['none']);
  let bestHits = -1;
  for (const candidate of candidates) {
    const choice = combine([candidate]);
    const hits = names.filter((name) => {
      const renamed = choice.rename(name).name;
      return renamed !== null && expected.has(withPrefix(renamed, prefix));
    }).length;
    if (hits > bestHits) {
      best = choice;
      bestHits = hits;
    }
  }
  return best;
}

function combine(parts: readonly (RuleSetName | MapRule)[]): Choice {
  const rules: MapRule[] = [];
  let fillsNorms = false;
  for (const part of parts) {
    if (typeof part !== 'string') {
      rules.push({ ...part, match: compile(part.match) });
      continue;
    }
    if (!Object.hasOwn(RULE_SETS, part)) {
      const limit = `auto, ${Object.keys(RULE_SETS).join(', ')}`;
      throw new NatsError('attribute', { rule: 'a rule set is known', received: JSON.stringify(part), limit });
    }
    rules.push(...RULE_SETS[part].rules);
    fillsNorms ||= RULE_SETS[part].fillsNorms;
  }
  const ready = readyRules(rules);
  const label = parts.map((part) => (typeof part === 'string' ? part : 'custom')).join(', ') || 'no rules';
  return { label, rename: (name) => rename(name, ready), fillsNorms };
}

/** @throws NatsError `attribute` for text that is no regular expression. */
export function compile(pattern: RegExp | string): RegExp {
  if (typeof pattern !== 'string') return pattern;
  try {
    return new RegExp(pattern);
  } catch (cause) {
    const received = JSON.stringify(pattern);
    throw new NatsError('attribute', { rule: 'the pattern of a rule is a regular expression', received }, { cause });
  }
}

/** Puts a prefix before a name that does not have it yet. */
export function withPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}
