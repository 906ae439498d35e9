import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { type Json, jsonDifferences, toJson } from '@nats/train';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { writeJson } from '../files/write-atomic.js';
import { UsageError } from '../usage-error.js';
import { VERSION } from '../version.js';
import { type Environment, logCommand } from './command-log.js';
import { isLock, lockRun } from './lock-run.js';
import { hasSteps } from './metrics.js';
import { isRankLog } from './rank-log.js';
import { RUN_FILES } from './run-files.js';

/** What a run makes: a classifier, an architecture, a detector, or all of it for the demonstration. */
export type RunKind = (typeof KINDS)[number];

const KINDS = ['pretrain', 'search', 'train', 'demo'] as const;

const FORMAT = 'nats-run';
/** Of the layout of run directories. */
const RUN_VERSION = 2;

/** What `run.json` holds. */
export interface RunRecord {
  readonly kind: RunKind;
  /** Version of nats that began the run. */
  readonly tool: string;
  /** Settings that must be the same when the run is continued. */
  readonly settings: Json;
}

export interface RunClaim {
  readonly kind: RunKind;
  readonly settings: unknown;
  /** All settings, for the reader. */
  readonly config: unknown;
  /** Kept in a file of its own when the run begins, and with every command that continues it. */
  readonly environment: Environment;
  /** The exact command. */
  readonly command: string;
  /** A whole number among the settings, such as `train.steps`, that may be larger than before: the run then goes on to it. */
  readonly growing?: string;
}

/**
 * Takes a directory for a run: a new or empty one, or the one of the same run, which is then continued. It is this process's
 * until its end.
 * @returns whether the run was there before
 * @throws UsageError if the directory holds anything else, or a run with other settings; Error for the directory of another
 * version, or one that another process works in; IO errors pass through
 */
export async function claimRun(folder: string, claim: RunClaim): Promise<boolean> {
  const settings = toJson(claim.settings);
  // Nothing is put into a directory that is no run's, not even a lock.
  await sameRunIn(folder, claim, settings);
  await mkdir(folder, { recursive: true });
  await lockRun(folder);
  // Again: another process may have begun a run meanwhile.
  const before = await sameRunIn(folder, claim, settings);
  const shorter =
    before && claim.growing !== undefined ? grownFrom(before.settings, settings, claim.growing) : undefined;
  if (!before) {
    // Of a run that this one replaces.
    await rm(join(folder, RUN_FILES.metrics), { force: true });
    await rm(join(folder, RUN_FILES.tensorboard), { recursive: true, force: true });
    await rm(join(folder, RUN_FILES.scheme), { force: true });
    await writeJson(join(folder, RUN_FILES.environment), claim.environment);
  } else if (shorter !== undefined) await keepResults(folder, `after-${shorter}-steps`);
  if (!before || shorter !== undefined) {
    await writeJson(join(folder, RUN_FILES.config), claim.config);
    // Last: a directory with this file has the others.
    await writeJson(join(folder, RUN_FILES.run), {
      format: FORMAT,
      version: RUN_VERSION,
      kind: claim.kind,
      tool: VERSION,
      settings,
    });
  }
  await logCommand(folder, claim.command, claim.environment);
  return before !== undefined;
}

/** Whether a path is the directory of a run. */
export function isRun(path: string): boolean {
  return existsSync(join(path, RUN_FILES.run));
}

/** The record of a run directory. @throws UsageError if the path is no run; Error for one of another version */
export async function readRun(folder: string): Promise<RunRecord> {
  const record = existsSync(folder) ? await readRecord(folder) : undefined;
  if (record) return record;
  if (!existsSync(folder)) throw new UsageError(`${folder} is no run directory: there is nothing of that name`);
  throw new UsageError(`${folder} is no run directory: there is no ${RUN_FILES.run} in it${await runsIn(folder)}`);
}

/** A folder of runs is named where one of them is meant. */
async function runsIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const runs = names.map((name) => join(folder, name)).filter(isRun);
  return runs.length === 0 ? '' : `; runs below it: ${runs.slice(0, 8).join(', ')}`;
}

/** The run in a directory, if there is one. @throws UsageError if it is not the same */
async function sameRunIn(
  folder: string,
  { kind, growing }: Pick<RunClaim, 'kind' | 'growing'>,
  settings: Json,
): Promise<RunRecord | undefined> {
  const before = await runIn(folder);
  if (!before) return undefined;
  const isGrown = growing !== undefined && grownFrom(before.settings, settings, growing) !== undefined;
  if (isGrown && before.kind === kind) return before;
  // A run that failed before its first step keeps nothing worth keeping: the corrected command takes its place.
  if (!sameAs(before, kind, settings) && !(await hasBegun(folder))) return undefined;
  checkSame(folder, before, kind, settings);
  return before;
}

/** The number before, if the settings differ in it alone and it is larger now. */
function grownFrom(before: Json, now: Json, key: string): number | undefined {
  const [from, to] = [numberAt(before, key), numberAt(now, key)];
  if (from === undefined || to === undefined || to <= from) return undefined;
  return jsonDifferences(before, now).length === 1 ? from : undefined;
}

function numberAt(settings: Json, key: string): number | undefined {
  let value: unknown = settings;
  for (const name of key.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'number' ? value : undefined;
}

/** What a run ended with is of its steps till then. */
async function keepResults(folder: string, name: string): Promise<void> {
  const results = RESULTS.filter((file) => existsSync(join(folder, file)));
  if (results.length === 0) return;
  await mkdir(join(folder, name), { recursive: true });
  for (const file of results) await rename(join(folder, file), join(folder, name, file));
}

/** The run in a directory, if there is one. */
async function runIn(folder: string): Promise<RunRecord | undefined> {
  if (!existsSync(folder)) return undefined;
  const record = await readRecord(folder);
  if (record) return record;
  const names = await readdir(folder);
  const own = new Set<string>([RUN_FILES.config, RUN_FILES.environment]);
  // What an interruption left before the run began.
  const others = names.filter((name) => !own.has(name) && !isBesideRun(name));
  if (others.length === 0) return undefined;
  throw new UsageError(
    `${folder} holds files that are no run of nats (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''}); choose another directory with --out`,
  );
}

async function readRecord(folder: string): Promise<RunRecord | undefined> {
  const path = join(folder, RUN_FILES.run);
  if (!existsSync(path)) return undefined;
  const value = await readJsonAs(path, z.looseObject({ format: z.literal(FORMAT) }));
  if (value.version !== RUN_VERSION) {
    throw new NatsError('unsupported', {
      rule: `this is nats ${VERSION}, which reads layout ${RUN_VERSION} of run directories`,
      received: `a run of another version of nats (layout ${JSON.stringify(value.version)}, nats ${String(value.tool)})`,
      limit: 'continue with that version, or choose another directory',
      where: folder,
    });
  }
  const { kind } = await readJsonAs(path, z.looseObject({ kind: z.enum(KINDS) }));
  return { kind, tool: String(value.tool), settings: (value.settings ?? null) as Json };
}

function sameAs(before: RunRecord, kind: RunKind, settings: Json): boolean {
  return before.kind === kind && jsonDifferences(before.settings, settings).length === 0;
}

/** What a run writes before its first step. */
const BEFORE_STEPS = new Set<string>([
  RUN_FILES.run,
  RUN_FILES.config,
  RUN_FILES.environment,
  RUN_FILES.commands,
  RUN_FILES.metrics,
  RUN_FILES.tensorboard,
  RUN_FILES.scheme,
]);

/** What a training and the commands after it leave. */
const RESULTS = [
  RUN_FILES.weights,
  RUN_FILES.evaluation,
  RUN_FILES.detections,
  RUN_FILES.masks,
  RUN_FILES.model,
  RUN_FILES.verification,
  RUN_FILES.latency,
  RUN_FILES.report,
] as const;

/** What is in a run directory without being part of a run: locks, logs of further processes, half-written files. */
function isBesideRun(name: string): boolean {
  return isLock(name) || isRankLog(name) || /^\..*\.tmp$/.test(name);
}

/** Whether a run has done anything that would be lost: a step, a checkpoint, a result. */
async function hasBegun(folder: string): Promise<boolean> {
  const checkpoints = join(folder, RUN_FILES.checkpoints);
  if (existsSync(checkpoints) && (await readdir(checkpoints)).length > 0) return true;
  const others = (await readdir(folder)).filter(
    (name) => !BEFORE_STEPS.has(name) && name !== RUN_FILES.checkpoints && !isBesideRun(name),
  );
  if (others.length > 0) return true;
  return hasSteps(join(folder, RUN_FILES.metrics));
}

function checkSame(folder: string, before: RunRecord, kind: RunKind, settings: Json): void {
  if (before.kind !== kind) {
    throw new UsageError(`${folder} is a run of nats ${before.kind}, not of nats ${kind}; choose another directory`);
  }
  const different = jsonDifferences(before.settings, settings);
  if (different.length === 0) return;
  const shown = different.slice(0, 10).map((difference) => `\n  ${difference}`);
  throw new UsageError(
    `${folder} is a run with other settings; restore them to continue it, choose another directory, or remove this one:${shown.join('')}` +
      (different.length > shown.length ? `\n  and ${different.length - shown.length} more` : ''),
  );
}
