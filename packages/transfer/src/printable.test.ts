import { expect, it } from 'vitest';
import { printable } from './printable.js';

it('names of files and classes cannot move the cursor, color the terminal or begin a line', () => {
  expect(printable('\u001b[2Jcat\nno problems\r')).toBe('\\u{1b}[2Jcat\\u{a}no problems\\u{d}');
  expect(printable('\u009b31m\u202egpj.x\u2028')).toBe('\\u{9b}31m\\u{202e}gpj.x\\u{2028}');
  expect(printable('Blöck 图像 (a b)')).toBe('Blöck 图像 (a b)');
});
