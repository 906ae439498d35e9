import { unlinkSync } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startTimeOf, UNKNOWN } from './process-start-time.js';

/** A process that works in a directory. Its file is empty: the name says who, so that it is never half written. */
interface Holder {
  readonly pid: number;
  /** Tells it from a later process of the same number. */
  readonly startTime: string;
  readonly host: string;
  /** In a job of Slurm, its number, and how many times it was started before. */
  readonly job?: string;
  readonly restarts?: number;
}

/** Another process works in the directory. */
export class RunInUse extends Error {
  override readonly name = 'RunInUse';
}

const PREFIX = '.lock';
/** Two that begin at the same moment see each other and both step back: so often do they try again. */
const ATTEMPTS = 5;
/** Milliseconds. */
const PAUSE = 150;
/** A claim that is older than this, in milliseconds, will not step back. */
const SETTLED = 1000;

const held = new Set<string>();

/**
 * Takes a directory for this process, until the process ends; what a process left that was killed is taken over. Each process
 * makes a file of its own name and then looks for those of others: nobody ever removes the file of a process that lives, and of
 * two that begin at once at most one goes on. Taking a directory twice changes nothing.
 * @param folder must exist
 * @throws RunInUse naming the process that has it; IO errors pass through
 */
export async function lockRun(folder: string): Promise<void> {
  const own = thisProcess();
  const path = resolve(folder, nameOf(own));
  if (held.has(path)) return;
  for (let attempt = 1; ; attempt++) {
    await (await open(path, 'w')).close();
    const others = await holdersIn(folder, own).catch(async (error: unknown) => {
      await rm(path, { force: true });
      throw error;
    });
    if (others.length === 0) break;
    await rm(path, { force: true });
    const now = Date.now();
    const [first] = others.sort((a, b) => a.since.getTime() - b.since.getTime());
    if (attempt === ATTEMPTS || now - first!.since.getTime() > SETTLED) throw inUse(folder, first!);
    await delay(PAUSE * (1 + Math.random()));
  }
  held.add(path);
  // On every end but SIGKILL and the like, after which the process is seen to be gone.
  process.once('exit', () => {
    try {
      unlinkSync(path);
    } catch {
      // The directory was removed meanwhile.
    }
  });
}

/** Whether a process works in a directory, as far as can be seen from here. */
export async function isLocked(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const own = thisProcess();
  return names.some((name) => {
    const holder = holderOf(name);
    return holder !== undefined && !isGone(holder, own);
  });
}

function thisProcess(): Holder {
  const { SLURM_JOB_ID: job, SLURM_RESTART_COUNT: restarts = '0' } = process.env;
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? UNKNOWN,
    host: hostname(),
    ...(job && { job, restarts: Number(restarts) }),
  };
}

/** Whether the name of a file in a run directory is a process's that works there, or did. */
export function isLock(name: string): boolean {
  return holderOf(name) !== undefined;
}

type Claim = Holder & { readonly since: Date; readonly path: string };

/** Processes other than `own` that work in a directory. Files of those that are gone are removed. */
async function holdersIn(folder: string, own: Holder): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const name of await readdir(folder)) {
    const holder = holderOf(name);
    if (!holder || name === nameOf(own)) continue;
    const path = join(folder, name);
    if (isGone(holder, own)) {
      await rm(path, { force: true });
      continue;
    }
    const since = await stat(path).then(
      ({ mtime }) => mtime,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      },
    );
    if (since) claims.push({ ...holder, since, path });
  }
  return claims;
}

/**
 * What runs on another machine is not seen from here, and counts as alive; but of a job that Slurm has started again, nothing is
 * left of the time before.
 */
function isGone({ pid, startTime, host, job, restarts = 0 }: Holder, own: Holder): boolean {
  if (job !== undefined && job === own.job && restarts < own.restarts!) return true;
  if (host !== own.host) return false;
  const now = startTimeOf(pid);
  // Another with its number; 0 is unknown.
  const other = now !== startTime && now !== UNKNOWN && startTime !== UNKNOWN;
  return now === undefined || other;
}

function nameOf({ pid, startTime, host, job, restarts }: Holder): string {
  return `${PREFIX}-${pid}-${startTime}-${encodeURIComponent(host)}${job === undefined ? '' : `+${job}.${restarts}`}`;
}

function holderOf(name: string): Holder | undefined {
  const match = /^\.lock-(\d+)-(\d+)-([^+]+)(?:\+(\d+)\.(\d+))?$/.exec(name);
  if (!match) return undefined;
  const [, pid, startTime, host, job, restarts] = match;
  return {
    ...{ pid: Number(pid), startTime: startTime!, host: decodeURIComponent(host!) },
    ...(job !== undefined && { job, restarts: Number(restarts) }),
  };
}

function inUse(folder: string, { pid, host, since, path }: Claim): RunInUse {
  const elsewhere = host === hostname() ? '' : ` (if that is not so any more, remove ${path})`;
  return new RunInUse(
    `${folder} is in use: process ${pid} on ${host} works there since ${since.toISOString()}${elsewhere}; ` +
      'wait for its end, or choose another directory with --out',
  );
}
