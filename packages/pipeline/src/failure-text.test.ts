import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureText } from './failure-text.js';

function failureOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return failureText(error as Error);
  }
  throw new Error('it did not fail');
}

test('a missing file is told in words, with where it was looked for or who writes it', () => {
  expect(failureOf(() => readFileSync('none.png'))).toBe(
    `there is no such file or folder (ENOENT): none.png; looked for in ${process.cwd()}`,
  );
  const model = join(tmpdir(), 'none', 'model.onnx');
  expect(failureOf(() => readFileSync(model))).toBe(
    `there is no such file or folder (ENOENT): ${model}; nats export writes it`,
  );
});

test('other failures of files have their cause, and what is no failure of a file stays as it is', () => {
  expect(
    failureText(Object.assign(new Error('EACCES: permission denied, open x'), { code: 'EACCES', path: 'x' })),
  ).toBe('this user may not read or write it (EACCES): x');
  const told = Object.assign(new Error('x could not be written: the disk is full'), { code: 'ENOSPC', path: 'x' });
  expect(failureText(told)).toBe(told.message);
  expect(failureText(new Error('plain'))).toBe('plain');
});
