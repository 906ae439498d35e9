import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { writeJson } from '../files/write-atomic.js';
import { isLocked } from '../run/lock-run.js';
import { RUN_FILES } from '../run/run-files.js';
import type { Sweep } from './load-sweep.js';
import type { SweepTask } from './plan.js';

/** `waiting` for tasks that it needs; `blocked` because one of them failed. */
export type TaskState = 'done' | 'running' | 'failed' | 'blocked' | 'waiting' | 'ready';

/** Why a task failed. */
export interface TaskFailure {
  /** ISO 8601. */
  readonly time: string;
  readonly message: string;
}

const failureSchema: z.ZodType<TaskFailure> = z.looseObject({ time: z.string(), message: z.string() });

/** The file that a finished task has left last. */
export function resultOf({ kind, variant, folder }: SweepTask): string {
  if (kind === 'search') return join(folder, RUN_FILES.architecture);
  if (kind === 'latency') return join(folder, RUN_FILES.latency);
  if (kind === 'pretrain') return join(folder, RUN_FILES.weights);
  return join(folder, variant.steps.includes('evaluate') ? RUN_FILES.evaluation : RUN_FILES.weights);
}

export function isDone(task: SweepTask): boolean {
  return existsSync(resultOf(task));
}

/** What each task is doing, by id: of its files alone, so that it is the same for all who look. */
export async function taskStates(sweep: Sweep, tasks: readonly SweepTask[]): Promise<Map<string, TaskState>> {
  const states = new Map<string, TaskState>();
  for (const task of tasks) states.set(task.id, await stateOf(sweep, task, states));
  return states;
}

async function stateOf(sweep: Sweep, task: SweepTask, states: ReadonlyMap<string, TaskState>): Promise<TaskState> {
  if (isDone(task)) return 'done';
  if (await isLocked(task.folder)) return 'running';
  if (existsSync(failureFile(sweep, task.id))) return 'failed';
  const before = task.needs.map((id) => states.get(id));
  if (before.some((state) => state === 'failed' || state === 'blocked')) return 'blocked';
  return before.every((state) => state === 'done') ? 'ready' : 'waiting';
}

function failureFile({ out }: Sweep, id: string): string {
  return join(out, 'failures', `${id.replaceAll('/', '-')}.json`);
}

/** Where what a task says is kept. */
export function logFile({ out }: Sweep, id: string): string {
  return join(out, 'logs', `${id.replaceAll('/', '-')}.log`);
}

/** Keeps why a task failed, for all who look. */
export async function noteFailure(sweep: Sweep, id: string, message: string): Promise<void> {
  const failure: TaskFailure = { time: new Date().toISOString(), message };
  await writeJson(failureFile(sweep, id), failure);
}

/** Why a task failed when it was last tried, if it did. @throws NatsError for a damaged file; IO errors pass through */
export async function readFailure(sweep: Sweep, id: string): Promise<TaskFailure | undefined> {
  const path = failureFile(sweep, id);
  return existsSync(path) ? await readJsonAs(path, failureSchema) : undefined;
}

/** Before a task is tried again. */
export async function forgetFailure(sweep: Sweep, id: string): Promise<void> {
  await rm(failureFile(sweep, id), { force: true });
}

/** Whether anything of a sweep was begun. */
export async function hasBegun({ out }: Sweep): Promise<boolean> {
  return existsSync(out) && (await readdir(out)).length > 0;
}
