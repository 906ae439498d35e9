import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Sweep, SweepVariant } from './load-sweep.js';

/** Something that one process does in a run directory of its own. */
export interface SweepTask {
  /** `searches/wide-seed-1`: its folder in the sweep's. */
  readonly id: string;
  readonly kind: 'search' | 'train' | 'latency';
  readonly folder: string;
  readonly config: Config;
  readonly seed: number;
  /** Of a latency, which is of all, the first. */
  readonly variant: SweepVariant;
  /** Ids of tasks that come before. */
  readonly needs: readonly string[];
}

/**
 * The tasks of a sweep, those that others need first. Variants whose searches would be the same share one, under the name of
 * the first; a latency is of all trainings of the first seed in turn, in one task.
 */
export function planSweep(sweep: Sweep): SweepTask[] {
  const searches = new Map<string, SweepTask>();
  const trainings: SweepTask[] = [];
  for (const variant of sweep.variants) {
    for (const [seed, config] of variant.configs) {
      const needs: string[] = [];
      if (variant.steps.includes('search')) {
        const key = searchKey(config);
        const id = `searches/${variant.name}-seed-${seed}`;
        const task = searches.get(key) ?? taskOf(sweep, { id, kind: 'search', config, seed, variant, needs: [] });
        searches.set(key, task);
        needs.push(task.id);
      }
      if (!variant.steps.includes('train')) continue;
      const id = `trainings/${variant.name}-seed-${seed}`;
      trainings.push(taskOf(sweep, { id, kind: 'train', config, seed, variant, needs }));
    }
  }
  const [first] = sweep.seeds;
  const timed = trainings.filter(({ seed, variant }) => seed === first && variant.steps.includes('latency'));
  const latency = timed
    .slice(0, 1)
    .map(({ config, seed, variant }) =>
      taskOf(sweep, { id: 'latency', kind: 'latency', config, seed, variant, needs: timed.map(({ id }) => id) }),
    );
  return [...searches.values(), ...trainings, ...latency];
}

function taskOf({ out }: Sweep, task: Omit<SweepTask, 'folder'>): SweepTask {
  return { ...task, folder: join(out, task.id) };
}

/** What a search depends on; how it is decoded is a matter of each variant. */
function searchKey({ seed, engine, data, backbone, weights, detector, space, search }: Config): string {
  return JSON.stringify({ seed, engine, data, backbone, weights, detector, space, search });
}
