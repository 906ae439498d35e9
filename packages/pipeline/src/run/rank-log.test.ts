import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isRankLog, rankLog } from './rank-log.js';

const root = mkdtempSync(join(tmpdir(), 'nats-rank-log-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('lines are kept until the run directory is one, then written with what is told next', () => {
  const log = rankLog(root, 2);
  log.line('  process 2 of 3');
  expect(existsSync(join(root, 'rank-2.log'))).toBe(false);
  writeFileSync(join(root, 'run.json'), '{}');
  log.update('step 1');
  log.update('step 2');
  const text = readFileSync(join(root, 'rank-2.log'), 'utf8');
  expect(text).toMatch(/^\d{4}-\S+Z process 2 of 3\n\S+Z step 1\n$/);
  expect(['rank-2.log', 'rank-.log', 'x-rank-2.log'].map(isRankLog)).toEqual([true, false, false]);
});
