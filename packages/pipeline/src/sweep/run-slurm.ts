import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { writeAtomic, writeJson } from '../files/write-atomic.js';
import { UsageError } from '../usage-error.js';
import { checkSchemes, type Sweep } from './load-sweep.js';
import { planSweep, type SweepTask } from './plan.js';
import { slurmScript } from './slurm-script.js';
import { forgetFailure, taskStates } from './task-state.js';

export interface SlurmOptions {
  /** Program and arguments that do a task whose id follows. */
  readonly command: readonly [string, ...string[]];
  /** Whether what failed before is tried again; else it is left alone. */
  readonly retry: boolean;
  /** Writes the scripts, and submits nothing. */
  readonly dry?: boolean;
}

/** One array that was submitted, or would be. */
export interface SubmittedArray {
  /** Empty if nothing was submitted. */
  readonly job: string;
  readonly script: string;
  /** By index in the array. */
  readonly tasks: readonly string[];
  /** As `sbatch --dependency`. */
  readonly dependency?: string;
}

const arraysSchema = z.array(
  z.looseObject({ job: z.string(), script: z.string(), tasks: z.array(z.string()), dependency: z.string().optional() }),
) as z.ZodType<SubmittedArray[]>;

const run = promisify(execFile);

/**
 * Hands what is left of a sweep to Slurm: an array of pretrainings, arrays of searches and of trainings for each task that they
 * wait for, and latencies after all. What waits or runs there already is not submitted again.
 * @throws UsageError where there is no `sbatch`; Error with Slurm's words if it refuses
 */
export async function submitSweep(sweep: Sweep, options: SlurmOptions): Promise<SubmittedArray[]> {
  checkSchemes(sweep);
  const tasks = planSweep(sweep);
  if (options.retry) for (const { id } of tasks) await forgetFailure(sweep, id);
  const states = await taskStates(sweep, tasks);
  const queued = options.dry ? new Map<string, string>() : await queuedTasks(sweep);
  const left = tasks.filter(
    ({ id }) => !['done', 'failed', 'blocked', 'running'].includes(states.get(id)!) && !queued.has(id),
  );
  const arrays: SubmittedArray[] = [];
  /** `12_3` by task: of those that were queued before, and of those that are submitted here. */
  const places = new Map(queued);
  const submit = async (kind: SweepTask['kind'], group: readonly SweepTask[]) => {
    if (group.length === 0) return;
    const needed = new Set(group.flatMap(({ needs }) => needs.flatMap((id) => places.get(id) ?? [])));
    const dependency = needed.size > 0 ? `afterok:${[...needed].join(':')}` : undefined;
    const array = await submitArray(sweep, kind, group, arrays.length, dependency, options);
    arrays.push(array);
    for (const [i, { id }] of group.entries()) places.set(id, `${array.job}_${i}`);
    if (!options.dry) await noteArray(sweep, array);
  };
  const of = (kind: SweepTask['kind']) => left.filter((task) => task.kind === kind);
  await submit('pretrain', of('pretrain'));
  for (const kind of ['search', 'train'] as const) {
    const byNeeds = new Map<string, SweepTask[]>();
    for (const task of of(kind)) {
      const needs = task.needs.join();
      byNeeds.set(needs, [...(byNeeds.get(needs) ?? []), task]);
    }
    for (const group of byNeeds.values()) await submit(kind, group);
  }
  await submit('latency', of('latency'));
  return arrays;
}

async function submitArray(
  sweep: Sweep,
  kind: SweepTask['kind'],
  group: readonly SweepTask[],
  index: number,
  dependency: string | undefined,
  { command, dry = false }: SlurmOptions,
): Promise<SubmittedArray> {
  const folder = join(sweep.out, 'slurm');
  await mkdir(join(sweep.out, 'logs'), { recursive: true });
  const name = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${index}-${kind}`;
  const [script, list] = [join(folder, `${name}.sh`), join(folder, `${name}.txt`)];
  const tasks = group.map(({ id }) => id);
  await writeAtomic(list, `${tasks.join('\n')}\n`);
  await writeAtomic(script, slurmScript(sweep, kind, { command, cwd: process.cwd(), list }));
  const { atOnce } = sweep.slurm;
  const args = [
    '--parsable',
    `--array=0-${group.length - 1}${atOnce === undefined ? '' : `%${atOnce}`}`,
    ...(dependency === undefined ? [] : [`--dependency=${dependency}`, '--kill-on-invalid-dep=yes']),
    script,
  ];
  const job = dry ? '' : (await slurm('sbatch', args)).trim().split(';')[0]!;
  return { job, script, tasks, ...(dependency !== undefined && { dependency }) };
}

/** @throws UsageError where there is no such command; Error with what Slurm says */
async function slurm(program: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args])).stdout;
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === 'ENOENT') {
      throw new UsageError(
        `there is no ${program} here: --slurm is for a machine that submits jobs to Slurm; --jobs N runs here`,
      );
    }
    throw new Error(`${program} ${args.join(' ')} failed: ${stderr.trim() || (error as Error).message}`);
  }
}

function arraysFile({ out }: Sweep): string {
  return join(out, 'slurm', 'jobs.json');
}

async function readArrays(sweep: Sweep): Promise<SubmittedArray[]> {
  const path = arraysFile(sweep);
  return existsSync(path) ? await readJsonAs(path, arraysSchema) : [];
}

async function noteArray(sweep: Sweep, array: SubmittedArray): Promise<void> {
  await writeJson(arraysFile(sweep), [...(await readArrays(sweep)), array]);
}

/** Tasks that wait or run in Slurm, with their place there (`12_3`); none where there is no Slurm. */
export async function queuedTasks(sweep: Sweep): Promise<Map<string, string>> {
  const arrays = await readArrays(sweep);
  if (arrays.length === 0) return new Map();
  // All of this user's: asking for jobs that are long gone would be an error.
  const text = await slurm('squeue', ['--noheader', '--array', '--me', '--format=%i']).catch((error: unknown) => {
    if (error instanceof UsageError) return '';
    throw error;
  });
  const present = new Set(text.split('\n').map((line) => line.trim()));
  return new Map(
    arrays.flatMap(({ job, tasks }) =>
      tasks.flatMap((id, i): [string, string][] => (present.has(`${job}_${i}`) ? [[id, `${job}_${i}`]] : [])),
    ),
  );
}
