/** Markup that may be put into a page as it is. Only `html`, `raw` and `join` make it. */
export interface Html {
  readonly markup: string;
}

export type HtmlValue = Html | string | number | false | undefined | readonly HtmlValue[];

/** Markup from trusted text. */
export function raw(markup: string): Html {
  return { markup };
}

/**
 * A template whose values are escaped, in content and in quoted attributes alike; values that are `Html` already are not,
 * lists are joined, `false` and `undefined` are nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return raw(strings.map((text, i) => text + (i < values.length ? markupOf(values[i]) : '')).join(''));
}

/** Text that is safe in content and in quoted attributes. Characters that no HTML page may hold become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(LONE_SURROGATE, '\uFFFD')
    .replace(FORBIDDEN, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that must not pass
const FORBIDDEN = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\uFFFE\uFFFF]/g;
const LONE_SURROGATE = /[\uD800-\uDFFF]/gu;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function markupOf(value: HtmlValue): string {
  if (value === false || value === undefined) return '';
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  if (isList(value)) return value.map(markupOf).join('');
  return value.markup;
}

function isList(value: Html | readonly HtmlValue[]): value is readonly HtmlValue[] {
  return Array.isArray(value);
}
