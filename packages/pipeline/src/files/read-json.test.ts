import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readJson, readJsonAs } from './read-json.js';

const fileOf = async (content: string) => {
  const path = join(await temporaryDirectory(), 'x.json');
  writeFileSync(path, content);
  return path;
};

test('a file with another field than was written is told with its place', async () => {
  const schema = z.looseObject({ stats: z.array(z.number()) });
  const path = await fileOf('{"stats": [1, "two"], "more": 1}');
  const error = await readJsonAs(path, schema).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NatsError);
  expect((error as Error).message).toMatch(/x\.json, stats\.1: received .*expected number.*as nats writes it/);
  expect(await readJsonAs(await fileOf('\ufeff{"stats": [1], "more": 1}'), schema)).toEqual({ stats: [1], more: 1 });
});

test('deep nesting is read or refused, and never an overflow', async () => {
  const deep = await fileOf(`{"stats":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`);
  const read = readJsonAs(deep, z.looseObject({ stats: z.array(z.number()) }));
  await expect(read).rejects.toThrow(NatsError);
  await expect(readJson(await fileOf('[1,'))).rejects.toThrow(/line 1, column 4/);
});
