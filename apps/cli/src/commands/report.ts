import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRun, logCommand, NEXT, parseConfig, RUN_FILES, readRun, reportData, writeReport } from '@nats/pipeline';
import type { Command } from 'commander';
import { DEMO_PARTS } from '../demo/parts.js';
import { countingNumber, tellNext, thisCommand, withContext } from './shared.js';

interface ReportFlags {
  readonly out?: string;
  readonly title?: string;
  readonly threads: number;
}

/** `nats report`: runs as one page. */
export function reportCommand(program: Command): void {
  program
    .command('report')
    .summary('One HTML page of a run, or of several that are compared')
    .description(
      'One HTML file of one run, or of several that are compared: numbers, costs, dilations, curves, pictures',
    )
    .argument('<runs...>', 'runs of nats train, the one that others are compared with first; of search and pretrain')
    .option('--out <file>', "where it goes; an older one is replaced (default: the first run's report.html)")
    .option('--title <text>', 'report title')
    .option('--threads <number>', 'intra-op threads', countingNumber, 2)
    .addHelpText('after', '\nExample:\n  $ nats report runs/original runs/transformed runs/search --out report.html')
    .action(run);
}

async function run(paths: readonly string[], { out, title, threads }: ReportFlags): Promise<void> {
  const folders = (await Promise.all(paths.map(expanded))).flat();
  const path = out ?? join(paths[0]!, RUN_FILES.report);
  const config = parseConfig({ engine: { threads } }, 'flags');
  await withContext(config, undefined, async ({ engine, signal }) => {
    await writeReport(path, await reportData(folders, { title, engine, signal }));
  });
  if (out === undefined) await logCommand(paths[0]!, thisCommand());
  process.stdout.write(`${path}\n`);
  tellNext(NEXT.report(path));
}

/** The runs that a directory stands for. */
async function expanded(folder: string): Promise<string[]> {
  if ((await readRun(folder)).kind !== 'demo') return [folder];
  // Those that are compared first.
  const parts = [...DEMO_PARTS].reverse().sort((a, b) => Number(b === 'original') - Number(a === 'original'));
  return parts.map((name) => join(folder, name)).filter((part) => existsSync(part) && isRun(part));
}
