import { check, type Engine, type Feeds, tensorData } from '@nats/graph';
import type { Collective } from '../collective.js';
import type { Objective } from '../objective.js';
import { dataParallelStep } from '../programs/data-parallel.js';
import { feedsOf, scalarFeed } from '../programs/feeds.js';
import type { StepOptions } from '../programs/training-step.js';
import type { CompiledUpdate } from './phase.js';

/** One step of all ranks: counts, their sum, gradients, their sum, the same update on every rank. */
export async function compileDataParallel(
  engine: Engine,
  objective: Objective,
  options: StepOptions,
  accumulate: number,
  collective: Collective,
): Promise<CompiledUpdate> {
  const { size } = collective;
  const step = dataParallelStep(objective, { ...options, size, accumulate });
  const counting = step.counts && (await engine.compile(step.counts));
  const differentiating = await engine.compile(step.gradients);
  const applying = await engine.compile(step.apply);
  const { gradients, statistics } = step.parts;
  return {
    spec: step.spec,
    trained: step.trained,
    run: async (state, batches, rates, feeds) => {
      let sum: Float32Array | undefined;
      for (const batch of batches) {
        const given = { ...batch, ...feeds };
        const factors: Record<string, Feeds[string]> = {};
        if (counting) {
          const { counts } = await counting.run(state, feedsOf(counting, given));
          const totals = Float64Array.from(counts!.data);
          await collective.allReduce(totals);
          for (const [i, name] of step.factors.entries())
            factors[`averageFactor.${name}`] = scalarFeed(Math.max(totals[i]!, 1) / size);
        }
        const { flat } = await differentiating.run(state, feedsOf(differentiating, { ...given, ...factors }));
        sum = added(sum, flat!.data as Float32Array, gradients, statistics);
      }
      check(sum !== undefined, 'attribute', () => ({ rule: 'a step has at least one batch', received: 'none' }));
      await collective.allReduce(sum);
      const outputs = await applying.run(
        state,
        feedsOf(applying, { ...feeds, ...rates, flat: tensorData('float32', [sum.length], sum) }),
      );
      const reported = Object.entries(outputs).map(([name, { data }]): [string, number] => [name, data[0]!]);
      const means = step.scalars.map((name, i): [string, number] => [
        name,
        sum[gradients + statistics + i]! / (size * batches.length),
      ]);
      return Object.fromEntries([...means, ...reported]);
    },
    dispose: async () => {
      for (const executable of [counting, differentiating, applying]) await executable?.dispose();
    },
  };
}

/** Gradients and scalars add up over batches; running statistics are those after the last batch. */
function added(sum: Float32Array | undefined, flat: Float32Array, gradients: number, statistics: number): Float32Array {
  if (!sum) return flat.slice();
  for (let i = 0; i < flat.length; i++) {
    const isStatistic = i >= gradients && i < gradients + statistics;
    sum[i] = isStatistic ? flat[i]! : sum[i]! + flat[i]!;
  }
  return sum;
}
