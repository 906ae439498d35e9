import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCommands } from './command-log.js';
import { claimRun, type RunClaim } from './run-directory.js';

const root = mkdtempSync(join(tmpdir(), 'nats-run-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a run that goes on elsewhere keeps where it began and says where each command ran', async () => {
  const folder = join(root, 'run');
  const claim = {
    kind: 'train',
    settings: { steps: 1 },
    config: {},
    command: 'nats train',
  } satisfies Partial<RunClaim>;
  expect(await claimRun(folder, { ...claim, environment: { node: '20.1.0', threads: 1 } })).toBe(false);
  expect(await claimRun(folder, { ...claim, environment: { node: '22.0.0', threads: 2 } })).toBe(true);
  const began = JSON.parse(readFileSync(join(folder, 'environment.json'), 'utf8'));
  expect(began).toEqual({ node: '20.1.0', threads: 1 });
  expect((await readCommands(folder)).map(({ command, environment }) => ({ command, ...environment }))).toEqual([
    { command: 'nats train', node: '20.1.0', threads: 1 },
    { command: 'nats train', node: '22.0.0', threads: 2 },
  ]);
});
