import { join } from 'node:path';
import { isFirst, NEXT, RUN_FILES, searchedBackbone, searchRun } from '@nats/pipeline';
import type { Command } from 'commander';
import { schemeText } from '../scheme-text.js';
import { addProcessFlags, type ProcessFlags, withProcesses } from './processes.js';
import { addConfigFlags, type ConfigFlags, configOf, countingNumber, offlineOption, tellNext } from './shared.js';

interface SearchFlags extends ConfigFlags, ProcessFlags {
  readonly out: string;
  readonly weights?: string;
  readonly steps?: number;
  readonly batchSize?: number;
}

/** `nats search`: which dilations should every group of channels have? */
export function searchCommand(program: Command): void {
  const command = program
    .command('search')
    .summary('Search dilations on your data, and derive a scheme of them')
    .description('Search dilations on your data, and derive a scheme of what is found')
    .option('--out <dir>', 'run directory; a second run continues there', 'runs/search')
    .option(
      '--weights <file>',
      'overrides weights.file: a file, a name such as torchvision:resnet50, or a run of nats pretrain',
    )
    .addOption(offlineOption())
    .option('--steps <number>', 'overrides search.steps', countingNumber)
    .option('--batch-size <number>', 'overrides search.batchSize', countingNumber);
  addProcessFlags(addConfigFlags(command))
    .addHelpText('after', '\nExample:\n  $ nats search --weights resnet18.pth --out runs/search')
    .action(run);
}

async function run({ out, weights, steps, batchSize, ...flags }: SearchFlags): Promise<void> {
  const readConfig = () =>
    configOf(flags, { 'weights.file': weights, 'search.steps': steps, 'search.batchSize': batchSize });
  await withProcesses(flags, readConfig, out, async (context) => {
    const scheme = await searchRun(context, out);
    if (!isFirst(context)) return;
    process.stdout.write(`${schemeText(scheme, searchedBackbone(context.config))}\n${join(out, RUN_FILES.scheme)}\n`);
    tellNext(NEXT.search(out));
  });
}
