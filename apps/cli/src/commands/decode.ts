import { join } from 'node:path';
import {
  decode,
  logCommand,
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

interface DecodeFlags {
  readonly method?: string;
  readonly multiple?: number;
  readonly sharpening?: string;
  readonly dropBelowUniform?: true;
  readonly out?: string;
  readonly replace?: true;
}

/** `nats decode`: from what a search prefers to one dilation for each channel. */
export function decodeCommand(program: Command): void {
  program
    .command('decode')
    .description('Derive a scheme of what a search found')
    .argument('<run>', 'a run of nats search')
    .addOption(
      new Option('--method <name>', 'overrides decode.method').choices(['proportional', 'assignment', 'argmax']),
    )
    .option('--multiple <number>', 'overrides decode.multiple: round counts of channels', countingNumber)
    .option('--sharpening <exponent>', 'overrides decode.sharpening')
    .option('--drop-below-uniform', 'leave out dilations that are less probable than chance')
    .option('--out <file>', "where the scheme goes (default: the run's scheme.json)")
    .option('--replace', 'even if there is another scheme')
    .addHelpText('after', '\nExample:\n  $ nats decode runs/search --method proportional --out proportional.json')
    .action(run);
}

async function run(folder: string, flags: DecodeFlags): Promise<void> {
  const { method, multiple, sharpening, dropBelowUniform, replace = false } = flags;
  const config = await runConfig(folder, 'search', {
    'decode.method': method,
    'decode.multiple': multiple,
    'decode.sharpening': sharpening === undefined ? undefined : Number(sharpening),
    'decode.dropBelowUniform': dropBelowUniform,
  });
  const backbone = searchedBackbone(config);
  const space = spaceOf(config, backbone);
  const scheme = decode(await readArchitecture(join(folder, RUN_FILES.architecture), space), config);
  const path = flags.out ?? join(folder, RUN_FILES.scheme);
  await writeScheme(path, scheme, replace);
  await logCommand(folder, thisCommand());
  process.stdout.write(`${summarizeScheme(scheme, backbone)}\n${path}\n`);
}
