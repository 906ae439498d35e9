import { join } from 'node:path';
import { STAT_NAMES } from '@nats/detect';
import { evaluate, type StepContext, type Task, trainRun } from '@nats/pipeline';
import type { Scheme } from '@nats/space';

export interface VariantResult {
  readonly variant: string;
  readonly seed: number;
  /** By name of COCO's numbers, 0 to 1; -1 without objects. */
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Trains a detector with a scheme from the pretrained classifier and evaluates it on the test images, in a run directory of its
 * own. A search that keeps (1,1) everywhere has found the original network: the same training with the same seed, which is
 * not repeated.
 */
export async function trainedVariant(
  context: StepContext,
  task: Task,
  folder: string,
  variant: string,
  scheme: Scheme | undefined,
): Promise<VariantResult> {
  const { seed } = context.config;
  const trained = scheme && isUndilated(scheme) ? undefined : scheme;
  const run = join(folder, `${scheme && !trained ? 'original' : variant}-${seed}`);
  const { stats } = await evaluated(context, task, run, trained);
  return { variant, seed, metrics: Object.fromEntries(STAT_NAMES.map((name, i) => [name, stats[i]!])) };
}

async function evaluated(context: StepContext, task: Task, folder: string, scheme: Scheme | undefined) {
  const { weights } = await trainRun(context, folder, scheme, task, folder);
  const evaluation = await evaluate(context, task, weights, scheme, folder);
  const [ap, ap50] = evaluation.stats;
  context.progress.line(`  ${folder}: AP ${(100 * ap!).toFixed(1)}, AP50 ${(100 * ap50!).toFixed(1)}`);
  return evaluation;
}

function isUndilated({ convolutions, genotypes }: Scheme): boolean {
  return [...convolutions.values()].every((choice) => choice.every((g) => genotypes[g]!.every((d) => d === 1)));
}
