import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { readLines } from './lines.js';

async function linesOf(content: string): Promise<string[]> {
  const path = join(await temporaryDirectory(), 'x.jsonl');
  writeFileSync(path, content);
  const lines: string[] = [];
  for await (const batch of readLines(path)) lines.push(...batch);
  return lines;
}

test('lines of a file, whole or with a half-written end', async () => {
  expect(await linesOf('')).toEqual([]);
  expect(await linesOf('a\nb\n')).toEqual(['a', 'b']);
  expect(await linesOf('a\n\nhalf')).toEqual(['a', '', 'half']);
});

test('a line and a character may lie across the pieces that are read', async () => {
  const long = 'ü'.repeat(800_000);
  const lines = ['x', long, long, `${long}y`];
  expect(await linesOf(`${lines.join('\n')}\n`)).toEqual(lines);
});

test('a folder is no file of lines', async () => {
  const folder = await temporaryDirectory();
  await expect(readLines(folder).next()).rejects.toThrow(/EISDIR/);
});
