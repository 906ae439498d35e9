import { NatsError, type TensorData } from '@nats/graph';
import { findModel } from './find-model.js';
import { literalPattern } from './patterns.js';
import { RULE_SETS, type RuleSetName } from './rule-sets.js';
import { type MapRule, type Renamed, readyRules, rename, rulesOf, type WeightRules } from './rules.js';

/** Rules in force: how they are called in reports, and what they do. */
export interface Choice {
  readonly label: string;
  readonly rename: (name: string) => Renamed;
  readonly fillsNorms: boolean;
  /** Where in the file the network lies, such as `module.encoder_q.`; names elsewhere are not meant. '' for all. */
  readonly inside: string;
  /** Other places of the file with the same names; empty unless `inside` was chosen among them. */
  readonly others: readonly string[];
}

/** What `mapWeights` takes as rules. */
export type Rules = 'auto' | RuleSetName | WeightRules | readonly (RuleSetName | MapRule)[];

/** What a choice is made by. */
export interface ChoiceInput {
  readonly tensors: ReadonlyMap<string, Pick<TensorData, 'shape'>>;
  readonly expected: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  readonly prefix: string;
  /** `__author__` in the file. */
  readonly author: string | undefined;
  /** True for names (mapped, without prefix) that are no surprise. */
  readonly isTolerated: (name: string) => boolean;
}

/**
 * The rules that a caller asked for. For `auto`: the set, and the place in the file, by which most of the network's names
 * are found, with the right shape; of equals the one that leaves fewest names over, then the first.
 * @throws NatsError `name` if two places fit equally well and nothing tells which is meant; `attribute` for unknown rule
 * sets and patterns that are none.
 */
export function chooseRules(rules: Rules, input: ChoiceInput): Choice {
  if (rules === 'auto') return automatic([], input);
  if (typeof rules === 'string') return combine([rules]);
  if (!isConfig(rules)) return combine(rules);
  const own = rulesOf(rules);
  const set = rules.set ?? 'auto';
  return set === 'auto' ? automatic(own, input) : combine([...own, set]);
}

function isConfig(rules: WeightRules | readonly unknown[]): rules is WeightRules {
  return !Array.isArray(rules);
}

/** The sets that `auto` tries, in the order in which it prefers them. */
function candidates(author: string | undefined): RuleSetName[] {
  const bgrUnlessSaid = author === 'torchvision' ? ['detectron2-rgb', 'caffe2-rgb'] : ['detectron2', 'caffe2'];
  const channelOrders: readonly string[] = ['detectron2', 'detectron2-rgb', 'caffe2', 'caffe2-rgb'];
  const names = Object.keys(RULE_SETS) as RuleSetName[];
  return [...names.filter((name) => !channelOrders.includes(name)), ...(bgrUnlessSaid as RuleSetName[])];
}

function automatic(own: readonly MapRule[], input: ChoiceInput): Choice {
  const ownRules = readyRules(own);
  const named = [...input.tensors].flatMap(([source, { shape }]) => {
    const { name } = rename(source, ownRules);
    return name === null ? [] : [{ name, shape }];
  });
  const sets = candidates(input.author).map((name) => ({ name, rules: readyRules(RULE_SETS[name].rules) }));
  const model = findModel(named, sets, input);
  if (model.rivals.length > 0) throw ambiguous([model.inside, ...model.rivals]);
  const choice = combine([...own, model.set]);
  const setRules = readyRules(RULE_SETS[model.set].rules);
  const { inside } = model;
  return {
    label: `${own.length > 0 ? 'custom, ' : ''}${model.set}${inside ? `, inside ${JSON.stringify(inside)}` : ''}`,
    rename: (source) => {
      const first = rename(source, ownRules);
      if (first.name === null) return first;
      if (!first.name.startsWith(inside)) return { name: null, reverseInputChannels: false, outside: true };
      const second = rename(first.name.slice(inside.length), setRules);
      const reverseInputChannels = first.reverseInputChannels || second.reverseInputChannels;
      return { name: second.name, reverseInputChannels };
    },
    fillsNorms: choice.fillsNorms,
    inside,
    others: model.others,
  };
}

function ambiguous(places: readonly string[]): NatsError {
  const [, other = ''] = places;
  return new NatsError('name', {
    rule: 'one model of a file is meant',
    received: `${places.length} that fit equally well: ${places.map((place) => JSON.stringify(place)).join(', ')}`,
    limit: `drop the others, as in rules: ${JSON.stringify({ drop: [`^${literalPattern(other)}`] })}`,
  });
}

function combine(parts: readonly (RuleSetName | MapRule)[]): Choice {
  const rules: MapRule[] = [];
  let fillsNorms = false;
  for (const part of parts) {
    if (typeof part !== 'string') {
      rules.push(part);
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
  return { label, rename: (name) => rename(name, ready), fillsNorms, inside: '', others: [] };
}

/** Puts a prefix before a name that does not have it yet. */
export function withPrefix(name: string, prefix: string): string {
  return name.startsWith(prefix) ? name : prefix + name;
}
