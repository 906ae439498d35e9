import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_FILES } from '@nats/pipeline';
import { readLines } from '@nats/transfer';

/** Seconds of undisturbed steps: the tenth percentile up to a step and after it, in which the architecture moves, too. */
export interface StepSeconds {
  readonly before: number;
  readonly after: number;
}

/**
 * Of the runs that are given, the least: a run that had neighbors all along says nothing of the step.
 * @param start the last step of the weights alone
 * @returns nothing where no run has both
 */
export async function stepSeconds(folders: readonly string[], start: number): Promise<StepSeconds | undefined> {
  let least: StepSeconds | undefined;
  for (const folder of folders) {
    const file = join(folder, RUN_FILES.metrics);
    if (!existsSync(file)) continue;
    const [before, after]: [number[], number[]] = [[], []];
    for await (const lines of readLines(file)) {
      for (const line of lines) {
        const { type, step, seconds } = JSON.parse(line) as { type: string; step: number; seconds?: number };
        if (type === 'step' && seconds !== undefined) (step <= start ? before : after).push(seconds);
      }
    }
    if (before.length === 0 || after.length === 0) continue;
    least = {
      before: Math.min(tenth(before), least?.before ?? Number.POSITIVE_INFINITY),
      after: Math.min(tenth(after), least?.after ?? Number.POSITIVE_INFINITY),
    };
  }
  return least;
}

function tenth(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)]!;
}

/** A whole search in trainings of as many steps. @param training seconds of its step */
export function inTrainings({ before, after }: StepSeconds, start: number, steps: number, training: number): number {
  return (start * before + (steps - start) * after) / (steps * training);
}
