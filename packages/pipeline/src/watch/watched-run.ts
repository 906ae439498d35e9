import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { searchCurves, trainingCurves, type WatchedRun } from '@nats/report';
import { parseGenotype } from '@nats/space';
import { readLines } from '@nats/transfer';
import { timeLeft } from '../progress.js';
import { isLocked } from '../run/lock-run.js';
import { lastMetrics, type MetricsLine } from '../run/metrics.js';
import { readRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';
import { readEvaluation } from '../steps/evaluate.js';
import { runConfig } from '../steps/open-run.js';
import { readDetections, reportSamples } from '../steps/report-samples.js';
import { openTask } from '../steps/task.js';
import type { FoundRun } from './find-runs.js';

const READ = [RUN_FILES.run, RUN_FILES.metrics, RUN_FILES.evaluation, RUN_FILES.detections, RUN_FILES.recent];

/** Changes when something of a run does. */
export async function runVersion({ folder }: FoundRun): Promise<string> {
  const files = await Promise.all(
    READ.map((name) =>
      stat(join(folder, name)).then(
        ({ size, mtimeMs }) => `${size}@${mtimeMs}`,
        () => '',
      ),
    ),
  );
  return [folder, ...files, await isLocked(folder)].join(' ');
}

/** A run as it is now. What can not be read is told in `problem`: the others are shown all the same. */
export async function watchedRun(run: FoundRun): Promise<WatchedRun> {
  try {
    return await readNow(run);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { name: run.name, kind: 'run', state: 'failed', problem };
  }
}

async function readNow({ folder, name }: FoundRun): Promise<WatchedRun> {
  const { kind } = await readRun(folder);
  const metrics = join(folder, RUN_FILES.metrics);
  const last = await lastMetrics(metrics);
  const [step, steps] = [last.get('step')?.step, numberOf(last.get('start')?.steps)];
  const state = await stateOf(folder, last);
  const pace = state === 'running' ? await secondsPerStep(metrics) : undefined;
  const loss = numberOf(last.get('step')?.loss);
  const ap = await apOf(folder, last);
  return {
    name,
    kind,
    state,
    ...(step !== undefined && { step }),
    ...(steps !== undefined && { steps }),
    ...(pace !== undefined && steps !== undefined && { timeLeft: timeLeft((steps - step!) * pace) }),
    ...(loss !== undefined && { loss }),
    ...(ap !== undefined && { ap }),
    ...(existsSync(metrics) && (kind === 'search' ? await searchOf(folder, metrics) : await trainingOf(metrics))),
    ...(await samplesOf(folder, name)),
  };
}

async function stateOf(folder: string, last: ReadonlyMap<string, MetricsLine>): Promise<WatchedRun['state']> {
  if (await isLocked(folder)) return 'running';
  if (last.has('failure')) return 'failed';
  return last.get('end')?.reason === 'finished' ? 'done' : 'stopped';
}

async function trainingOf(metrics: string): Promise<Pick<WatchedRun, 'training'>> {
  return { training: await trainingCurves(readLines(metrics), metrics) };
}

async function searchOf(folder: string, metrics: string): Promise<Pick<WatchedRun, 'search'>> {
  const { seed, space, search } = await runConfig(folder, 'search');
  const genotypes = space.genotypes.map(parseGenotype);
  const start = search.start ?? Math.floor(search.steps * 0.3);
  return { search: { seed, start, genotypes, ...(await searchCurves(readLines(metrics), metrics)) } };
}

/** Of the last evaluation on the way, or of the one at the end. */
async function apOf(folder: string, last: ReadonlyMap<string, MetricsLine>): Promise<number | undefined> {
  const path = join(folder, RUN_FILES.evaluation);
  if (existsSync(path)) return (await readEvaluation(path)).stats[0];
  const { AP } = (last.get('evaluation')?.metrics ?? {}) as Readonly<Record<string, unknown>>;
  return numberOf(AP);
}

/** By what they were made of: images are read once. */
const samples = new Map<string, Pick<WatchedRun, 'samples'>>();

/** Detections of the whole evaluation at the end, or before it of the last one on the way (`train.evaluateEvery`). */
async function samplesOf(folder: string, name: string): Promise<Pick<WatchedRun, 'samples'>> {
  const file = [RUN_FILES.detections, RUN_FILES.recent].find((known) => existsSync(join(folder, known)));
  if (file === undefined) return {};
  const path = join(folder, file);
  const version = `${path} ${(await stat(path)).mtimeMs}`;
  const before = samples.get(version);
  if (before) return before;
  const { val } = await openTask(await runConfig(folder, 'train'));
  const made = {
    samples: await reportSamples(val, [{ variant: name, detections: await readDetections(folder, file) }]),
  };
  samples.set(version, made);
  return made;
}

const TAIL = 16_384;

/** Mean of the last steps that are written, which tell how fast it is now. */
async function secondsPerStep(path: string): Promise<number | undefined> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - TAIL);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(TAIL, size)), 0, Math.min(TAIL, size), from);
    const lines = buffer.subarray(0, bytesRead).toString().split('\n');
    const seconds = lines.flatMap((line) => (line.startsWith('{"type":"step"') ? secondsIn(line) : [])).slice(-20);
    return seconds.length === 0 ? undefined : seconds.reduce((sum, value) => sum + value, 0) / seconds.length;
  } finally {
    await handle.close();
  }
}

function secondsIn(line: string): number[] {
  try {
    return [(JSON.parse(line) as { seconds?: unknown }).seconds].flatMap((value) => numberOf(value) ?? []);
  } catch {
    // Half of a line.
    return [];
  }
}

const numberOf = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
