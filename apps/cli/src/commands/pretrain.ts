import { NEXT, pretrainRun } from '@nats/pipeline';
import type { Command } from 'commander';
import { addProcessFlags, type ProcessFlags, withProcesses } from './processes.js';
import { addConfigFlags, type ConfigFlags, configOf, countingNumber, tellNext } from './shared.js';

interface PretrainFlags extends ConfigFlags, ProcessFlags {
  readonly out: string;
  readonly steps?: number;
  readonly batchSize?: number;
}

/** `nats pretrain`: a classifier whose backbone detectors start from. */
export function pretrainCommand(program: Command): void {
  const command = program
    .command('pretrain')
    .description('Train the backbone as a classifier, if there are no weights')
    .option('--out <dir>', 'run directory; a second run continues there', 'runs/pretrain')
    .option('--steps <number>', 'overrides pretrain.steps', countingNumber)
    .option('--batch-size <number>', 'overrides pretrain.batchSize', countingNumber);
  addProcessFlags(addConfigFlags(command))
    .addHelpText(
      'after',
      '\nExample:\n  $ nats pretrain --set backbone.name=demo-resnet --steps 200 --out runs/pretrain',
    )
    .action(run);
}

async function run({ out, steps, batchSize, ...flags }: PretrainFlags): Promise<void> {
  const readConfig = () => configOf(flags, { 'pretrain.steps': steps, 'pretrain.batchSize': batchSize });
  const path = await withProcesses(flags, readConfig, out, (context) => pretrainRun(context, out));
  if (path === undefined) return;
  process.stdout.write(`${path}\n`);
  tellNext(NEXT.pretrain(out));
}
