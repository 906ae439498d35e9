import { join } from 'node:path';
import {
  collectMarkdown,
  collectSweep,
  hasBegun,
  lastMetrics,
  loadSweep,
  NEXT,
  planSweep,
  queuedTasks,
  readFailure,
  reportData,
  runSweep,
  runSweepTask,
  type Sweep,
  submitSweep,
  sweepJsonSchema,
  sweepRuns,
  taskStates,
  textTable,
  UsageError,
  withInterruption,
  writeAtomic,
  writeJson,
  writeReport,
} from '@nats/pipeline';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { streamProgress } from '../progress.js';
import { addProcessFlags, type ProcessFlags, withProcesses } from './processes.js';
import { countingNumber, printJson, tellNext, thisCommand, withContext } from './shared.js';

interface RunFlags {
  readonly jobs: number;
  readonly slurm?: true;
  readonly dryRun?: true;
}

/** `nats sweep`: variants by seeds, here or on a cluster. */
export function sweepCommand(program: Command): void {
  const sweep = program
    .command('sweep')
    .summary('Many variants with many seeds, compared; here or on Slurm')
    .description('Search, train and compare many variants with many seeds: here, or as job arrays of Slurm')
    .addHelpText('after', '\nExample:\n  $ nats sweep run sweep.json --jobs 2\n  $ nats sweep collect sweep.json');
  addRunFlags(sweep.command('run'))
    .description('Do what is not done yet; what failed before is left alone')
    .addHelpText('after', '\nExample:\n  $ nats sweep run sweep.json --jobs 2')
    .action((file, flags) => start(file, flags, false));
  addRunFlags(sweep.command('resume'))
    .description('Do what failed again, and what is not done yet')
    .addHelpText('after', '\nExample:\n  $ nats sweep resume sweep.json --jobs 2')
    .action((file, flags) => start(file, flags, true));
  sweep
    .command('status')
    .description('What each task is doing')
    .addHelpText('after', '\nExample:\n  $ nats sweep status sweep.json')
    .argument('<file>', 'a sweep file')
    .option('--json', 'print a list of {task, state, detail}')
    .action(status);
  sweep
    .command('collect')
    .description('Means, spread and paired differences of what is done: results.json, results.md and report.html')
    .addHelpText('after', '\nExample:\n  $ nats sweep collect sweep.json')
    .argument('<file>', 'a sweep file')
    .option('--json', 'print results.json instead of results.md')
    .option('--no-report', 'without the page')
    .action(collect);
  sweep
    .command('schema')
    .description('Print the JSON schema of sweep files')
    .addHelpText('after', '\nExample:\n  $ nats sweep schema')
    .action(() => printJson(sweepJsonSchema()));
  addProcessFlags(sweep.command('task', { hidden: true }))
    .description('Do one task: what the others start')
    .argument('<file>', 'a sweep file')
    .argument('<id>', 'of nats sweep status, or its place there, from 0')
    .action(task);
}

function addRunFlags(command: Command): Command {
  return command
    .argument('<file>', 'a sweep file: nats sweep schema says what is in it')
    .option('--jobs <number>', 'tasks at the same time, of engine.threads threads each', countingNumber, 1)
    .option('--slurm', 'submit job arrays to Slurm, by the section slurm of the file')
    .option('--dry-run', 'with --slurm: write the scripts, submit nothing');
}

async function start(file: string, { jobs, slurm, dryRun }: RunFlags, retry: boolean): Promise<void> {
  const sweep = await loadSweep(file);
  if (dryRun && !slurm) throw new UsageError('--dry-run writes the scripts of --slurm');
  if (retry && !(await hasBegun(sweep)))
    throw new UsageError(`nothing was begun in ${sweep.out}: nats sweep run ${file}`);
  const command = [process.execPath, ...process.execArgv, process.argv[1]!, 'sweep', 'task', sweep.file] as const;
  if (slurm) {
    const arrays = await submitSweep(sweep, { command: [...command], retry, dry: dryRun ?? false });
    for (const { job, tasks, script, dependency } of arrays) {
      const after = dependency === undefined ? '' : `, ${dependency}`;
      process.stdout.write(`${job || 'not submitted'}: ${tasks.join(', ')} (${script}${after})\n`);
    }
    if (arrays.length === 0) process.stderr.write('nothing is left to submit\n');
    return tellNext(NEXT.sweepRun(file, true));
  }
  const stopped = `stopped; what was done is in ${sweep.out}. To go on: ${thisCommand()}`;
  const { done, failed, blocked } = await withInterruption(stopped, (signal) =>
    runSweep(sweep, { jobs, command: [...command], retry, progress: streamProgress(process.stderr), signal }),
  );
  process.stdout.write(`${done} done, ${failed.length} failed, ${blocked.length} not begun because of these\n`);
  if (failed.length === 0) return tellNext(NEXT.sweepRun(file, false));
  throw new Error(
    `${failed.join(', ')} failed (logs in ${join(sweep.out, 'logs')}); to try again: nats sweep resume ${file}`,
  );
}

async function task(file: string, id: string, flags: ProcessFlags): Promise<void> {
  const sweep = await loadSweep(file);
  const found = planSweep(sweep).find((one, i) => one.id === id || String(i) === id);
  if (!found) throw new UsageError(`${file} has no task '${id}'; nats sweep status lists them`);
  await withProcesses(
    flags,
    async () => found.config,
    found.folder,
    (context) => runSweepTask(context, sweep, found),
  );
}

async function status(file: string, { json }: { json?: true }): Promise<void> {
  const sweep = await loadSweep(file);
  const tasks = planSweep(sweep);
  const [states, queued] = [await taskStates(sweep, tasks), await queuedTasks(sweep)];
  const rows = await Promise.all(
    tasks.map(async ({ id, folder }) => ({
      task: id,
      state: states.get(id)!,
      detail: await detailOf(sweep, id, folder, states.get(id)!, queued.get(id)),
    })),
  );
  if (json) printJson(rows);
  else printLines(textTable([['task', 'state', ''], ...rows.map((row) => Object.values(row))]));
  tellNext(NEXT.sweepStatus(file, [...states.values()]));
}

async function detailOf(sweep: Sweep, id: string, folder: string, state: string, job?: string): Promise<string> {
  if (state === 'failed') return (await readFailure(sweep, id))!.message.split('\n')[0]!;
  const step = (await lastMetrics(join(folder, 'metrics.jsonl'))).get('step')?.step;
  const parts = [...(job === undefined ? [] : [`job ${job}`]), ...(state === 'done' || !step ? [] : [`step ${step}`])];
  return parts.join(', ');
}

async function collect(file: string, { json, report }: { json?: true; report: boolean }): Promise<void> {
  const sweep = await loadSweep(file);
  const results = await collectSweep(sweep);
  const markdown = collectMarkdown(results);
  await writeJson(join(sweep.out, 'results.json'), results);
  await writeAtomic(join(sweep.out, 'results.md'), markdown);
  const page = join(sweep.out, 'report.html');
  const runs = sweepRuns(sweep);
  const [first] = runs;
  if (report && first) {
    const folders = runs.map(({ folder }) => folder);
    await withContext(first.config, undefined, async ({ engine, signal }) => {
      await writeReport(page, await reportData(folders, { title: sweep.name, engine, signal }));
    });
  }
  if (json) printJson(results);
  else process.stdout.write(markdown);
  tellNext(NEXT.sweepCollect(sweep.out, report && first ? page : undefined));
}
