/** One step of renaming. Plain data, so a config file can hold it (with `match` as text). */
export interface MapRule {
  /** A regular expression, or its source. A rule whose pattern does not occur leaves the name as it is. */
  readonly match: RegExp | string;
  /** What the first match becomes (`$1` is a group); `null` drops the tensor, which then counts as neither loaded nor unexpected. */
  readonly replace: string | null;
  /**
   * `reverse-input-channels` turns a convolution for BGR images into one for RGB: axis 1 of a weight [O, 3, kh, kw] is
   * reversed. Weights with another number of input channels stay.
   */
  readonly transform?: 'reverse-input-channels';
}

/** A rule made ready: its pattern is compiled once. */
interface ReadyRule extends MapRule {
  readonly match: RegExp;
}

export function readyRules(rules: readonly MapRule[]): ReadyRule[] {
  return rules.map((rule) => ({
    ...rule,
    match: typeof rule.match === 'string' ? new RegExp(rule.match) : rule.match,
  }));
}

export interface Renamed {
  /** `null` when a rule drops the tensor. */
  readonly name: string | null;
  readonly reverseInputChannels: boolean;
}

/** Applies rules in order, each to what the one before it left. */
export function rename(name: string, rules: readonly ReadyRule[]): Renamed {
  let current = name;
  let reverseInputChannels = false;
  for (const { match, replace, transform } of rules) {
    // `search` ignores the state that a global expression keeps between calls.
    if (current.search(match) < 0) continue;
    if (replace === null) return { name: null, reverseInputChannels: false };
    current = current.replace(match, replace);
    if (transform === 'reverse-input-channels') reverseInputChannels = true;
  }
  return { name: current, reverseInputChannels };
}
