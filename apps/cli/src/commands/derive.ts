import { join } from 'node:path';
import {
  derive,
  noteCommand,
  RUN_FILES,
  readArchitecture,
  runConfig,
  searchedBackbone,
  spaceOf,
  writeScheme,
} from '@nats/pipeline';
import { summarizeScheme } from '@nats/space';
import { type Command, Option } from 'commander';
import { countingNumber, thisCommand } from './shared.js';

interface DeriveFlags {
  readonly method?: string;
  readonly multiple?: number;
  readonly sharpening?: string;
  readonly dropBelowUniform?: true;
  readonly out?: string;
  readonly replace?: true;
}

/** `nats derive`: from what a search prefers to one dilation for each channel. */
export function deriveCommand(program: Command): void {
  program
    .command('derive')
    .description('Derive a scheme of what a search found')
    .argument('<run>', 'a run of nats search')
    .addOption(new Option('--method <name>', 'over decode.method').choices(['proportional', 'assignment', 'argmax']))
    .option('--multiple <number>', 'over decode.multiple: round counts of channels', countingNumber)
    .option('--sharpening <exponent>', 'over decode.sharpening')
    .option('--drop-below-uniform', 'leave out dilations that are less probable than chance')
    .option('--out <file>', "where the scheme goes (default: the run's scheme.json)")
    .option('--replace', 'even if there is another scheme')
    .addHelpText('after', '\nExample:\n  $ nats derive runs/search --method proportional --out proportional.json')
    .action(run);
}

async function run(folder: string, flags: DeriveFlags): Promise<void> {
  const { method, multiple, sharpening, dropBelowUniform, replace = false } = flags;
  const config = await runConfig(folder, 'search', {
    'decode.method': method,
    'decode.multiple': multiple,
    'decode.sharpening': sharpening === undefined ? undefined : Number(sharpening),
    'decode.dropBelowUniform': dropBelowUniform,
  });
  const space = spaceOf(config, searchedBackbone(config));
  const scheme = derive(await readArchitecture(join(folder, RUN_FILES.architecture), space), config);
  const path = flags.out ?? join(folder, RUN_FILES.scheme);
  await writeScheme(path, scheme, replace);
  await noteCommand(folder, thisCommand());
  process.stdout.write(`${summarizeScheme(scheme)}\n${path}\n`);
}
