import { expect, it } from 'vitest';
import { refusal } from '../../test/helpers/errors.js';
import { compilePattern, literalPattern } from './patterns.js';

it.each([
  ['^module\\.(\\w+)\\.', '$1/', 'module.encoder.conv1', 'encoder/conv1'],
  ['o', '0', 'foo', 'f0o'],
  ['(a)(b)?', '[$1$2$&$$$9]', 'xab', 'x[abab$$9]'],
  ['nothing', 'x', 'foo', 'foo'],
  ['$', '!', 'end', 'end!'],
])('%s becomes %s, as a RegExp would have it', (pattern, replacement, text, wanted) => {
  expect(compilePattern(pattern).replaceFirst(text, replacement)).toBe(wanted);
  expect(compilePattern(new RegExp(pattern)).replaceFirst(text, replacement)).toBe(wanted);
});

it.each(['^(a+)+$', '(x+x+)+y', '(?:a|a)*b', '^(.*,){30}!', '(a|aa)+$'])(
  'a pattern as text takes time linear in the name: %s',
  (pattern) => {
    // A backtracking engine would take longer than the universe has been there.
    expect(compilePattern(pattern).matches(`${'a'.repeat(1000)}!`)).toBe(false);
    expect(compilePattern(pattern).matches(`${'x,'.repeat(500)}`)).toBe(false);
  },
);

it.each([
  ['(', /missing closing/],
  ['(?=a)', /no lookaround/],
  ['(a)\\1', /no backreferences/],
  ['((a{100}){100}){100}', /repeat/],
  ['a'.repeat(1001), /at most 1000/],
])('what is no pattern is refused: %s', (pattern, message) => {
  const error = refusal(() => compilePattern(pattern));
  expect(error.code).toBe('attribute');
  expect(error.message).toMatch(message);
});

it('a pattern for exactly a text', () => {
  const odd = 'a.b*c+d?[e](f){g}^h$i|j\\k/l';
  expect(compilePattern(`^${literalPattern(odd)}$`).matches(odd)).toBe(true);
  expect(compilePattern(literalPattern('a.b')).matches('axb')).toBe(false);
});
