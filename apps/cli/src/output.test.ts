import { expect, test, vi } from 'vitest';
import { printLines } from './output.js';

test('lines with names from files cannot move the cursor or color the terminal', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  printLines('classes: \u001b[2Jcat\nBlöck\r');
  expect(write.mock.calls).toEqual([['classes: \\u{1b}[2Jcat\nBlöck\\u{d}\n']]);
  write.mockRestore();
});
