import { compilePattern, type Pattern } from './patterns.js';
import type { RuleSetName } from './rule-sets.js';

/** One step of renaming. Plain data, so a config file can hold it (with `match` as text). */
export interface MapRule {
  /**
   * A regular expression of the caller's code, or text in RE2's syntax, which is matched in linear time. A rule whose
   * pattern does not occur leaves the name as it is.
   */
  readonly match: RegExp | string;
  /** What the first match becomes (`$1` is a group); `null` drops the tensor, which then counts as neither loaded nor unexpected. */
  readonly replace: string | null;
  /**
   * `reverse-input-channels` turns a convolution for BGR images into one for RGB: axis 1 of a weight [O, 3, kh, kw] is
   * reversed. Weights with another number of input channels stay.
   */
  readonly transform?: 'reverse-input-channels';
}

/**
 * Rules as a config holds them (`weights.rules`). Patterns are text in RE2's syntax and meet the names of the file, before
 * a rule set does.
 */
export interface WeightRules {
  /** The rule set that follows; default `auto`. */
  readonly set?: 'auto' | RuleSetName | undefined;
  /** Pattern to replacement, applied in this order: `{ "^module\\.encoder_q\\.": "" }`. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** Names of the file that are left out. They are looked for before anything is renamed. */
  readonly drop?: readonly string[] | undefined;
  /** Names of the network (as torchvision's, without prefix) that may be missing, or have another shape. */
  readonly optional?: readonly string[] | undefined;
}

/** The own rules of a config, in the order in which they apply. */
export function rulesOf({ rename = {}, drop = [] }: WeightRules): MapRule[] {
  return [
    ...drop.map((match): MapRule => ({ match, replace: null })),
    ...Object.entries(rename).map(([match, replace]): MapRule => ({ match, replace })),
  ];
}

/** A rule made ready: its pattern is compiled once. */
interface ReadyRule extends Omit<MapRule, 'match'> {
  readonly pattern: Pattern;
}

/** @throws NatsError `attribute` for text that is no pattern. */
export function readyRules(rules: readonly MapRule[]): ReadyRule[] {
  return rules.map(({ match, ...rest }) => ({ ...rest, pattern: compilePattern(match) }));
}

export interface Renamed {
  /** `null` when a rule drops the tensor. */
  readonly name: string | null;
  readonly reverseInputChannels: boolean;
  /** The name lies outside the part of the file that is meant. */
  readonly outside?: boolean;
}

/** Applies rules in order, each to what the one before it left. */
export function rename(name: string, rules: readonly ReadyRule[]): Renamed {
  let current = name;
  let reverseInputChannels = false;
  for (const { pattern, replace, transform } of rules) {
    if (!pattern.matches(current)) continue;
    if (replace === null) return { name: null, reverseInputChannels: false };
    current = pattern.replaceFirst(current, replace);
    if (transform === 'reverse-input-channels') reverseInputChannels = true;
  }
  return { name: current, reverseInputChannels };
}
