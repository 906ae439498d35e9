import { evaluate, evaluationText, isFirst, NEXT, openTask, readScheme, trainRun } from '@nats/pipeline';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { addProcessFlags, type ProcessFlags, withProcesses } from './processes.js';
import { addConfigFlags, type ConfigFlags, configOf, countingNumber, offlineOption, tellNext } from './shared.js';

interface TrainFlags extends ConfigFlags, ProcessFlags {
  readonly out?: string;
  readonly weights?: string;
  readonly scheme?: string;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly evaluate: boolean;
}

/** `nats train`: a detector, with a scheme or without. */
export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .summary('Train a detector, the original or with a scheme; evaluate it')
    .description('Train a detector: the original, or one that a scheme transforms; then evaluate it')
    .option('--out <dir>', 'run directory; a second run continues there (default: runs/original or runs/transformed)')
    .option('--scheme <path>', 'a scheme.json, or a run of nats search; without: the original')
    .option(
      '--weights <file>',
      'overrides weights.file: a file, a name such as torchvision:resnet50, or a run of nats pretrain',
    )
    .addOption(offlineOption())
    .option('--steps <number>', 'overrides train.steps', countingNumber)
    .option('--batch-size <number>', 'overrides train.batchSize', countingNumber)
    .option('--no-evaluate', 'stop after the training');
  addProcessFlags(addConfigFlags(command))
    .addHelpText('after', '\nExample:\n  $ nats train --scheme runs/search --out runs/transformed')
    .action(run);
}

async function run({
  out,
  weights,
  scheme: path,
  steps,
  batchSize,
  evaluate: wanted,
  ...flags
}: TrainFlags): Promise<void> {
  const readConfig = () =>
    configOf(flags, { 'weights.file': weights, 'train.steps': steps, 'train.batchSize': batchSize });
  const folder = out ?? (path === undefined ? 'runs/original' : 'runs/transformed');
  await withProcesses(flags, readConfig, folder, async (context) => {
    const task = await openTask(context.config, context);
    const scheme = path === undefined ? undefined : await readScheme(path, task.backbone);
    const { weights: trained } = await trainRun(context, folder, scheme, { task, prolong: true });
    const file = wanted ? await evaluate(context, task, trained, scheme, folder) : undefined;
    if (!isFirst(context)) return;
    if (file) printLines(evaluationText(file));
    tellNext(NEXT.train(folder, wanted));
  });
}
