import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_FILES } from '../run/run-files.js';
import type { Sweep } from './load-sweep.js';
import { planSweep, type SweepTask } from './plan.js';

/** The runs of a sweep that a report shows: evaluated trainings, those of the baseline first, then one search. */
export function sweepRuns(sweep: Sweep): SweepTask[] {
  const having = (kind: SweepTask['kind'], file: string) =>
    planSweep(sweep).filter((task) => task.kind === kind && existsSync(join(task.folder, file)));
  const isBaseline = ({ variant }: SweepTask) => Number(variant.name === sweep.baselines[0]);
  const trained = having('train', RUN_FILES.evaluation).sort((a, b) => isBaseline(b) - isBaseline(a));
  return trained.length === 0 ? [] : [...trained, ...having('search', RUN_FILES.architecture).slice(0, 1)];
}
