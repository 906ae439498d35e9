import { NatsError } from '@nats/graph';
import { RE2JS } from 're2js';

/** A compiled pattern of a rule. */
export interface Pattern {
  /** True if the pattern occurs anywhere in the text. */
  matches(text: string): boolean;
  /** The text with the first occurrence replaced; `$1` is a group, `$&` the occurrence, `$$` a dollar sign. */
  replaceFirst(text: string, replacement: string): string;
}

/** Longest pattern that is taken as text; RE2's cost is bounded by the product of pattern and name. */
const MAX_PATTERN_LENGTH = 1000;

/**
 * Compiles a pattern. Text comes from configs, maybe of strangers, and is matched by RE2's algorithm (re2js), in time
 * linear in the name: `(a+)+$` hangs nothing. A `RegExp` is the caller's own code and is used as it is.
 * @throws NatsError `attribute` for text that is no expression of RE2 (it has no lookaround and no backreferences).
 */
export function compilePattern(pattern: RegExp | string): Pattern {
  return typeof pattern === 'string' ? linearPattern(pattern) : nativePattern(pattern);
}

function nativePattern(pattern: RegExp): Pattern {
  return {
    // `search` ignores the state that a global expression keeps between calls.
    matches: (text) => text.search(pattern) >= 0,
    replaceFirst: (text, replacement) => text.replace(pattern, replacement),
  };
}

function linearPattern(source: string): Pattern {
  const rule = 'the pattern of a rule is a regular expression as RE2 knows them';
  if (source.length > MAX_PATTERN_LENGTH) {
    const received = `${source.length} characters`;
    throw new NatsError('attribute', { rule, received, limit: `at most ${MAX_PATTERN_LENGTH} characters` });
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^error parsing regexp: /, '') : String(cause);
    const received = `${JSON.stringify(source)} (${reason})`;
    throw new NatsError('attribute', { rule, received, limit: 'no lookaround, no backreferences' }, { cause });
  }
  return {
    matches: (text) => compiled.matcher(text).find(),
    replaceFirst: (text, replacement) => {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return text;
      const expanded = replacement.replace(/\$(?:(\$)|(&)|(\d))/g, (whole, dollar, all, group) => {
        if (dollar) return '$';
        if (all) return matcher.group() ?? '';
        return Number(group) <= matcher.groupCount() ? (matcher.group(Number(group)) ?? '') : whole;
      });
      return text.slice(0, matcher.start()) + expanded + text.slice(matcher.end());
    },
  };
}

/** A pattern for exactly this text. */
export function literalPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, (character) => (character === '/' ? '/' : `\\${character}`));
}
