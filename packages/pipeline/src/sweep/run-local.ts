import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Progress } from '../progress.js';
import { checkSchemes, type Sweep } from './load-sweep.js';
import { planSweep, type SweepTask } from './plan.js';
import { forgetFailure, isDone, logFile, noteFailure, readFailure, taskStates } from './task-state.js';

export interface LocalOptions {
  /** Tasks at the same time. */
  readonly jobs: number;
  /** Program and arguments that do a task whose id follows. */
  readonly command: readonly [string, ...string[]];
  /** Whether what failed before is tried again; else it is left alone. */
  readonly retry: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** How many tasks of a sweep are in which state, when nothing more can be done. */
export interface SweepOutcome {
  readonly done: number;
  readonly failed: readonly string[];
  /** Not begun, because a task before them failed. */
  readonly blocked: readonly string[];
}

/**
 * Does what is left of a sweep on this machine, each task in a process of its own, in the order of the plan; latencies when
 * nothing else runs. A task that fails ends no other but those that need it.
 * @throws the signal's reason after all processes have saved and ended
 */
export async function runSweep(sweep: Sweep, options: LocalOptions): Promise<SweepOutcome> {
  const { jobs, progress, signal, retry } = options;
  checkSchemes(sweep);
  const tasks = planSweep(sweep);
  if (retry) for (const { id } of tasks) await forgetFailure(sweep, id);
  const running = new Map<string, { readonly child: ChildProcess; readonly ended: Promise<string> }>();
  const tried = new Set<string>();
  const stop = () => {
    for (const { child } of running.values()) child.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop);
  try {
    while (!signal.aborted) {
      const states = await taskStates(sweep, tasks);
      const next = tasks.filter(({ id, needs }) => {
        const state = states.get(id);
        // What another process works on is waited for by a process of ours.
        const open = state === 'ready' || (state === 'running' && needs.every((need) => states.get(need) === 'done'));
        return open && !running.has(id) && !tried.has(id);
      });
      for (const task of next) {
        const alone = task.kind === 'latency';
        if (running.size >= (alone ? 1 : jobs)) break;
        tried.add(task.id);
        progress.line(`  ${task.id}: begins`);
        running.set(task.id, await start(sweep, task, options));
        if (alone) break;
      }
      if (running.size === 0) break;
      running.delete(await Promise.race([...running.values()].map(({ ended }) => ended)));
    }
    await Promise.all([...running.values()].map(({ ended }) => ended));
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener('abort', stop);
  }
  const states = await taskStates(sweep, tasks);
  const named = (...wanted: readonly string[]) =>
    tasks.flatMap(({ id }) => (wanted.includes(states.get(id)!) ? [id] : []));
  return { done: named('done').length, failed: named('failed'), blocked: named('blocked') };
}

async function start(sweep: Sweep, task: SweepTask, { command, progress, signal }: LocalOptions) {
  const path = logFile(sweep, task.id);
  await mkdir(dirname(path), { recursive: true });
  const log = await open(path, 'a');
  const [program, ...args] = command;
  const started = performance.now();
  const child = spawn(program, [...args, task.id], { stdio: ['ignore', log.fd, log.fd] });
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', async (code, sent) => {
      await log.close();
      const seconds = Math.round((performance.now() - started) / 1000);
      if (isDone(task)) progress.line(`  ${task.id}: done (${seconds} s)`);
      else if (!signal.aborted) {
        // One that was killed could not say so itself.
        if (!(await readFailure(sweep, task.id)))
          await noteFailure(sweep, task.id, `its process ended by ${sent ?? `exit code ${code}`}`);
        progress.line(`  ${task.id}: failed: ${(await readFailure(sweep, task.id))!.message}`);
      }
      resolve(task.id);
    });
  });
  return { child, ended };
}
