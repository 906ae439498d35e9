import { expect, test } from 'vitest';
import { printable } from './printable.js';

test('names of files and classes cannot move the cursor, color the terminal or begin a line', () => {
  expect(printable('\u001b[2Jcat\nno problems\r')).toBe('\\u001b[2Jcat\\nno problems\\r');
  expect(printable('\u009b31m\u202egpj.x')).toBe('\\u009b31m\\u202egpj.x');
  expect(printable('Blöck 图像 (a b)')).toBe('Blöck 图像 (a b)');
});
