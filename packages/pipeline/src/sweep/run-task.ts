import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Scheme } from '@nats/space';
import { writeJson } from '../files/write-atomic.js';
import { Interrupted } from '../interrupted.js';
import { isLocked, RunInUse } from '../run/lock-run.js';
import { RUN_FILES } from '../run/run-files.js';
import type { ModelLatency } from '../steps/bench.js';
import { benchRuns } from '../steps/bench-runs.js';
import type { StepContext } from '../steps/context.js';
import { decode, latencyTableOf } from '../steps/decode.js';
import { evaluate } from '../steps/evaluate.js';
import { openTrainedRun, readScheme } from '../steps/open-run.js';
import { asFirst, asFirstFinds } from '../steps/ranks.js';
import { exportRun, pretrainRun, searchRun, trainRun } from '../steps/runs.js';
import { readArchitecture } from '../steps/search.js';
import { openTask, spaceOf, type Task } from '../steps/task.js';
import type { Sweep } from './load-sweep.js';
import { patternScheme } from './pattern-scheme.js';
import { planSweep, type SweepTask } from './plan.js';
import { forgetFailure, isDone, noteFailure } from './task-state.js';

/** Milliseconds between looks whether another process has done the task. */
const PAUSE = 1000;
/** Runs of each model, and images at a time for the throughput, as `nats bench`. */
const [ROUNDS, BATCH_SIZE] = [60, 8];

/**
 * Does one task of a sweep, or finds that it is done. One that another process works on is waited for, and gone on with if
 * that process ends before. A failure is kept for `nats sweep status`.
 * @param context with the task's config
 * @throws what the step throws; Interrupted, to be started again, where a task that it needs is not done
 */
export async function runSweepTask(context: StepContext, sweep: Sweep, task: SweepTask): Promise<void> {
  const { progress, signal } = context;
  try {
    for (let told = false; !(await asFirstFinds(context, () => isDone(task))); told = true) {
      await asFirst(context, async () => expectNeeds(sweep, task));
      try {
        await WORK[task.kind](context, sweep, task);
        break;
      } catch (error) {
        // One of several processes that waits alone would leave the others waiting for it.
        if (!(error instanceof RunInUse) || context.collective) throw error;
        if (!told) progress.line(`  ${task.id}: ${error.message.split(';')[0]}; waiting`);
        // Looked at from outside: opening weights and data each time would take the processor from the one that is waited for.
        do await delay(PAUSE, undefined, { signal }).catch(() => signal.throwIfAborted());
        while (await isLocked(task.folder));
      }
    }
    await asFirst(context, () => forgetFailure(sweep, task.id));
  } catch (error) {
    const isFailure = !(error instanceof Interrupted) && !signal.aborted;
    if (isFailure) await noteFailure(sweep, task.id, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Where nothing keeps the order of tasks, as in a Job of Kubernetes. */
function expectNeeds(sweep: Sweep, { id, needs }: SweepTask): void {
  const open = planSweep(sweep).filter((task) => needs.includes(task.id) && !isDone(task));
  if (open.length === 0) return;
  throw new Interrupted(`${id} waits for ${open.map((task) => task.id).join(', ')}: start it again when that is done`, {
    requeue: true,
  });
}

const WORK = { pretrain: pretrainTask, search: searchTask, train: trainTask, latency: latencyTask } as const;

async function pretrainTask(context: StepContext, _sweep: Sweep, { folder }: SweepTask): Promise<void> {
  await pretrainRun(context, folder);
}

async function searchTask(context: StepContext, _sweep: Sweep, { folder }: SweepTask): Promise<void> {
  await searchRun(context, folder);
}

async function trainTask(context: StepContext, sweep: Sweep, task: SweepTask): Promise<void> {
  const { config } = context;
  const opened = await openTask(config, context);
  const scheme = await schemeFor(sweep, task, opened);
  const { weights } = await trainRun(context, task.folder, scheme, { task: opened });
  if (task.variant.steps.includes('evaluate')) await evaluate(context, opened, weights, scheme, task.folder);
}

/** Decoded here: variants that share a search may decode it differently. */
async function schemeFor(sweep: Sweep, task: SweepTask, { backbone }: Task): Promise<Scheme | undefined> {
  const { variant, needs, config } = task;
  const { scheme } = variant;
  if (typeof scheme === 'string') return readScheme(scheme, backbone);
  const space = spaceOf(config, backbone);
  const search = needs.find((id) => id.startsWith('searches/'));
  if (search === undefined) return scheme && patternScheme(scheme, space, config.seed);
  const architecture = await readArchitecture(join(sweep.out, search, RUN_FILES.architecture), space);
  const found = decode(architecture, config, await latencyTableOf(config, backbone));
  return scheme ? patternScheme(scheme, space, config.seed, found) : found;
}

/** Files of all trainings are written and timed in turn, so that what else the machine does strikes all alike. */
async function latencyTask(context: StepContext, sweep: Sweep, task: SweepTask): Promise<void> {
  // The first is what the others are relative to.
  const isBaseline = ({ variant }: SweepTask) => Number(variant.name === sweep.baselines[0]);
  const runs = planSweep(sweep)
    .filter(({ id }) => task.needs.includes(id))
    .sort((a, b) => isBaseline(b) - isBaseline(a));
  for (const { folder } of runs) await exportRun(await openTrainedRun(folder), join(folder, RUN_FILES.model));
  const folders = runs.map(({ folder }) => folder);
  const latencies = await benchRuns(context, folders, { rounds: ROUNDS, batchSize: BATCH_SIZE });
  const byVariant: Record<string, ModelLatency> = Object.fromEntries(
    runs.map(({ variant }, i) => [variant.name, latencies[i]!]),
  );
  await writeJson(join(task.folder, RUN_FILES.latency), byVariant);
}
