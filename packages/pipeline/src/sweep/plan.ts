import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Sweep, SweepVariant } from './load-sweep.js';

/** Something that one process does in a run directory of its own. */
export interface SweepTask {
  /** `searches/wide-seed-1`: its folder in the sweep's. */
  readonly id: string;
  readonly kind: 'pretrain' | 'search' | 'train' | 'latency';
  readonly folder: string;
  readonly config: Config;
  readonly seed: number;
  /** Of a latency, which is of all, the first. */
  readonly variant: SweepVariant;
  /** Ids of tasks that come before. */
  readonly needs: readonly string[];
}

/**
 * The tasks of a sweep, those that others need first. Variants whose pretrainings or searches would be the same share one,
 * under the name of the first; a latency is of all trainings of the first seed in turn, in one task.
 */
export function planSweep(sweep: Sweep): SweepTask[] {
  const pretrainings = new Map<string, SweepTask>();
  const searches = new Map<string, SweepTask>();
  const trainings: SweepTask[] = [];
  /** The task that does as much, or a new one. */
  const shared = (tasks: Map<string, SweepTask>, key: string, task: Omit<SweepTask, 'folder'>): string => {
    if (!tasks.has(key)) tasks.set(key, taskOf(sweep, task));
    return tasks.get(key)!.id;
  };
  for (const variant of sweep.variants) {
    for (const [own, given] of variant.configs) {
      const before: string[] = [];
      let config = given;
      if (variant.steps.includes('pretrain')) {
        const seed = sweep.pretrainSeed ?? own;
        const task = { id: `pretrainings/${variant.name}-seed-${seed}`, kind: 'pretrain', seed, variant } as const;
        const settings = { ...given, seed };
        const id = shared(pretrainings, pretrainKey(settings), { ...task, config: settings, needs: [] });
        before.push(id);
        config = { ...given, weights: { ...given.weights, file: join(sweep.out, id) } };
      }
      const needs = [...before];
      if (variant.steps.includes('search')) {
        const seed = variant.searchSeed ?? own;
        const task = { id: `searches/${variant.name}-seed-${seed}`, kind: 'search', seed, variant } as const;
        const settings = { ...config, seed };
        needs.push(shared(searches, searchKey(settings), { ...task, config: settings, needs: before }));
      }
      if (!variant.steps.includes('train')) continue;
      const id = `trainings/${variant.name}-seed-${own}`;
      trainings.push(taskOf(sweep, { id, kind: 'train', config, seed: own, variant, needs }));
    }
  }
  const [first] = sweep.seeds;
  const timed = trainings.filter(({ seed, variant }) => seed === first && variant.steps.includes('latency'));
  const latency = timed
    .slice(0, 1)
    .map(({ config, seed, variant }) =>
      taskOf(sweep, { id: 'latency', kind: 'latency', config, seed, variant, needs: timed.map(({ id }) => id) }),
    );
  return [...pretrainings.values(), ...searches.values(), ...trainings, ...latency];
}

function taskOf({ out }: Sweep, task: Omit<SweepTask, 'folder'>): SweepTask {
  return { ...task, folder: join(out, task.id) };
}

function pretrainKey({ seed, engine, backbone, pretrain }: Config): string {
  return JSON.stringify({ seed, engine, backbone, pretrain });
}

/** What a search depends on; how it is decoded is a matter of each variant. */
function searchKey({ seed, engine, data, backbone, weights, detector, space, search }: Config): string {
  return JSON.stringify({ seed, engine, data, backbone, weights, detector, space, search });
}
