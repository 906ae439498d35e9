import { join } from 'node:path';
import { loadConfig } from '@nats/pipeline';
import { expect, it } from 'vitest';
import { conditionedConfig, DEFAULT_CONDITIONS } from '../../bench/evidence/conditions.js';
import { ROOT } from './run-blocks.js';

it("the walk-through's config is the task of the evidence on wide digits, from weights of its own", async () => {
  const { weights, data, ...own } = await loadConfig({ file: join(ROOT, 'docs/wide-digits.config.json') });
  const task = await conditionedConfig({ ...DEFAULT_CONDITIONS, wide: true }, {});
  expect({ ...own, data }).toEqual({ ...task, weights: undefined });
  expect(weights.file).toMatch(/runs\/pretrain$/);
});
