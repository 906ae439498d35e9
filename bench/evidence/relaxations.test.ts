import { fileURLToPath } from 'node:url';
import { loadSweep, planSweep } from '@nats/pipeline';
import { describe, expect, test } from 'vitest';

const load = (name: string) => loadSweep(fileURLToPath(new URL(`./relaxations/${name}.json`, import.meta.url)));

describe.each(['', 'first-look/'])('%s', (folder) => {
  test.each(['digits', 'wide'])('%s: every search of every seed is trained, with every training seed', async (task) => {
    const [searches, trainings] = [await load(`${folder}${task}-searches`), await load(`${folder}${task}-trainings`)];
    const schemes = trainings.variants.flatMap(({ name, scheme }) => (name === 'original' ? [] : [scheme]));
    const tasks = planSweep(searches);
    expect(schemes.toSorted()).toEqual(tasks.map((one) => one.folder).toSorted());
    expect(tasks).toHaveLength(searches.variants.length * searches.seeds.length);
    expect(planSweep(trainings)).toHaveLength((schemes.length + 1) * trainings.seeds.length);
    // All that is compared differs in the relaxation alone.
    const [first, ...others] = tasks.map(({ config: { search, seed: _, ...rest } }) => ({
      ...rest,
      steps: search.steps,
    }));
    for (const other of others) expect(other).toEqual(first);
    for (const { configs } of trainings.variants)
      for (const config of configs.values())
        expect(config.train).toEqual(trainings.variants[0]!.configs.get(config.seed)!.train);
  });
});
