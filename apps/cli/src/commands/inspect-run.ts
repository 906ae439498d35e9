import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { lastMetrics, NEXT, RUN_FILES, readCommands, readEnvironment, readEvaluation, readRun } from '@nats/pipeline';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { printJson, tellNext } from './shared.js';

/** `nats inspect run`: how far a run is, and what made it. */
export function inspectRunCommand(inspect: Command): void {
  inspect
    .command('run')
    .description('How far a run is, its numbers, its files, and the commands that made it')
    .argument('<dir>', 'a run directory')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect run runs/transformed')
    .action(async (folder: string, flags: { json?: true }) => {
      await run(folder, flags);
      tellNext(await NEXT.inspectRun(folder));
    });
}

async function run(folder: string, { json }: { json?: true }): Promise<void> {
  const { kind, tool } = await readRun(folder);
  const metrics = await lastMetrics(join(folder, RUN_FILES.metrics));
  const steps = metrics.get('start')?.steps;
  const last = metrics.get('step');
  const files = Object.values(RUN_FILES).filter((name) => existsSync(join(folder, name)));
  const path = join(folder, RUN_FILES.evaluation);
  const evaluation = existsSync(path) ? await readEvaluation(path) : undefined;
  const environment = await readEnvironment(folder);
  const commands = await readCommands(folder);
  if (json) {
    const { stats, perCategory } = evaluation ?? {};
    return printJson({
      kind,
      tool,
      step: last?.step,
      steps,
      loss: last?.loss,
      stats,
      perCategory,
      files,
      environment,
      commands,
    });
  }
  const text = [
    `${folder}: nats ${kind}, begun by nats ${tool}`,
    ...(last ? [`step ${last.step} of ${String(steps)}, loss ${Number(last.loss).toFixed(4)}`] : []),
    ...(evaluation ? [evaluation.text] : []),
    `files: ${files.join(', ')}`,
    Object.entries(environment)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', '),
    ...commands.map(({ time, command }) => `${time}  ${command}`),
  ];
  printLines(text.join('\n'));
}
