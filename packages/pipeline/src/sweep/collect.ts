import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Difference, difference, type Seeded, type Spread, spread } from '@nats/report';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { RUN_FILES } from '../run/run-files.js';
import { type CocoNumbers, readEvaluation } from '../steps/evaluate.js';
import type { Sweep } from './load-sweep.js';
import { planSweep } from './plan.js';
import { isDone } from './task-state.js';

/** COCO's first six numbers, in their order. */
const METRICS = ['AP', 'AP50', 'AP75', 'APsmall', 'APmedium', 'APlarge'] as const;

/** One number of one variant, 0 to 1. */
export interface CollectedMetric extends Spread {
  /** By seed. */
  readonly values: Readonly<Record<string, number>>;
  /** This variant less the baseline, over the seeds that both have. */
  readonly difference?: Difference;
  /** This variant less each further baseline, by its name. */
  readonly differences?: Readonly<Record<string, Difference>>;
}

/** The results of one variant so far. */
export interface CollectedVariant {
  readonly name: string;
  /** Seeds that are trained and evaluated. */
  readonly seeds: readonly number[];
  /** Of boxes by COCO's names; of masks as `segm/AP`; without those that no object has. */
  readonly metrics: Readonly<Record<string, CollectedMetric>>;
  /** Milliseconds for one image, median, and relative to the baseline, or where that was not timed to the first that was. */
  readonly latency?: { readonly milliseconds: number; readonly ratio: number };
}

/** The results of a sweep so far. The same runs give the same bytes, whoever made them. */
export interface CollectedSweep {
  readonly name: string;
  readonly baseline: string;
  /** Further ones. */
  readonly baselines?: readonly string[];
  readonly seeds: readonly number[];
  readonly variants: readonly CollectedVariant[];
  /** Tasks whose results are missing. */
  readonly missing: readonly string[];
}

/** Of what `nats bench` leaves, the part that is looked at. */
const latenciesSchema = z.record(
  z.string(),
  z.looseObject({ single: z.looseObject({ median: z.number(), ratio: z.number() }) }),
);

/** Reads the evaluations of a sweep's runs. @throws NatsError for damaged files; IO errors pass through */
export async function collectSweep(sweep: Sweep): Promise<CollectedSweep> {
  const tasks = planSweep(sweep);
  const latencyPath = join(sweep.out, 'latency', RUN_FILES.latency);
  const latencies = existsSync(latencyPath) ? await readJsonAs(latencyPath, latenciesSchema) : {};
  const found = new Map<string, Map<string, Seeded[]>>();
  for (const { kind, variant, seed, folder } of tasks) {
    const path = join(folder, RUN_FILES.evaluation);
    if (kind !== 'train' || !existsSync(path)) continue;
    const numbers = found.get(variant.name) ?? new Map<string, Seeded[]>();
    found.set(variant.name, numbers);
    for (const [metric, value] of numbersOf(await readEvaluation(path)))
      numbers.set(metric, [...(numbers.get(metric) ?? []), { seed, value }]);
  }
  const [baseline, ...further] = sweep.baselines;
  return {
    name: sweep.name,
    baseline,
    ...(further.length > 0 && { baselines: further }),
    seeds: sweep.seeds,
    variants: sweep.variants.map(({ name }) => {
      const numbers = found.get(name) ?? new Map<string, Seeded[]>();
      const latency = latencies[name]?.single;
      return {
        name,
        seeds: (numbers.get('AP') ?? []).map(({ seed }) => seed!),
        metrics: Object.fromEntries(
          [...numbers].map(([metric, values]) => [
            metric,
            collected(
              values,
              sweep.baselines.flatMap((other): [string, readonly Seeded[]][] =>
                other === name ? [] : [[other, found.get(other)?.get(metric) ?? []]],
              ),
              baseline,
            ),
          ]),
        ),
        ...(latency && { latency: { milliseconds: latency.median, ratio: latency.ratio } }),
      };
    }),
    missing: tasks.filter((task) => !isDone(task)).map(({ id }) => id),
  };
}

function collected(
  values: readonly Seeded[],
  others: readonly (readonly [name: string, values: readonly Seeded[]])[],
  baseline: string,
): CollectedMetric {
  const among = (these: readonly Seeded[], those: readonly Seeded[]) =>
    these.filter(({ seed }) => those.some((other) => other.seed === seed));
  const changes = others.flatMap(([name, base]): [string, Difference][] => {
    const change = difference(among(base, values), among(values, base));
    return change ? [[name, change]] : [];
  });
  const first = changes.find(([name]) => name === baseline)?.[1];
  const further = changes.filter(([name]) => name !== baseline);
  return {
    ...spread(values.map(({ value }) => value)),
    values: Object.fromEntries(values.map(({ seed, value }) => [String(seed), value])),
    ...(first && { difference: first }),
    ...(further.length > 0 && { differences: Object.fromEntries(further) }),
  };
}

/** -1 stands for no objects. */
function numbersOf({ segm, ...boxes }: CocoNumbers & { readonly segm?: CocoNumbers }): [string, number][] {
  const named = ({ stats }: CocoNumbers, prefix: string) =>
    METRICS.flatMap((metric, i): [string, number][] => (stats[i]! < 0 ? [] : [[`${prefix}${metric}`, stats[i]!]]));
  return [...named(boxes, ''), ...(segm ? named(segm, 'segm/') : [])];
}
