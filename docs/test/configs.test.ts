import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, loadSweep, planSweep } from '@nats/pipeline';
import { expect, it } from 'vitest';
import { ROOT } from './run-blocks.js';

it("the walk-through's config is the task of the evidence on wide digits, from weights of its own", async () => {
  const { weights, data, engine: _, ...own } = await loadConfig({ file: join(ROOT, 'docs/wide-digits.config.json') });
  const { variants } = await loadSweep(join(ROOT, 'bench/evidence/wide-digits.json'));
  const { engine: __, ...task } = variants.find(({ name }) => name === 'searched')!.configs.get(10)!;
  expect({ ...own, data }).toEqual({ ...task, weights: undefined });
  expect(weights.file).toMatch(/runs\/pretrain$/);
});

it('the sweeps of the evidence are files that nats sweep reads, each with an original to compare with', async () => {
  const folder = join(ROOT, 'bench/evidence');
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const sweep = await loadSweep(join(folder, name));
    expect(sweep.baselines[0], name).toBe('original');
    expect(sweep.out, name).toBe(join(ROOT, 'runs/evidence', name.replace('.json', '')));
    expect(planSweep(sweep).length, name).toBeGreaterThan(sweep.seeds.length);
  }
});
