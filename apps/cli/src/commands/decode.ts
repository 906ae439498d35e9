import { join } from 'node:path';
import {
  decode,
  latencyTableOf,
  logCommand,
  NEXT,
  predictionText,
  RUN_FILES,
  readArchitecture,
  runConfig,
  searchedBackbone,
  spaceOf,
  writeScheme,
} from '@nats/pipeline';
import { type Command, Option } from 'commander';
import { schemeText } from '../scheme-text.js';
import { countingNumber, tellNext, thisCommand } from './shared.js';

interface DecodeFlags {
  readonly method?: string;
  readonly multiple?: number;
  readonly sharpening?: string;
  readonly margin?: string;
  readonly maxLatency?: string;
  readonly latency?: string;
  readonly average?: readonly string[];
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
    .option('--margin <times>', 'overrides decode.margin: how many times as probable as (1,1) a dilation must be')
    .option('--max-latency <ratio>', "overrides decode.maxLatency: most latency, relative to the original's")
    .option('--latency <file>', 'overrides decode.latency: a table of nats latency')
    .option('--average <run...>', 'further searches of the same space: the mean of what all of them prefer')
    .option('--drop-below-uniform', 'leave out dilations that are less probable than chance')
    .option('--out <file>', "where the scheme goes (default: the run's scheme.json)")
    .option('--replace', 'even if there is another scheme')
    .addHelpText(
      'after',
      '\nExample:\n  $ nats decode runs/search --method proportional --out proportional.json\n  $ nats decode runs/search --max-latency 1.05 --latency laptop.json --out fast.json',
    )
    .action(run);
}

async function run(folder: string, flags: DecodeFlags): Promise<void> {
  const {
    method,
    multiple,
    sharpening,
    margin,
    maxLatency,
    latency,
    dropBelowUniform,
    average = [],
    replace = false,
  } = flags;
  const config = await runConfig(folder, 'search', {
    'decode.method': method,
    'decode.multiple': multiple,
    'decode.sharpening': sharpening === undefined ? undefined : Number(sharpening),
    'decode.margin': margin === undefined ? undefined : Number(margin),
    'decode.maxLatency': maxLatency === undefined ? undefined : Number(maxLatency),
    'decode.latency': latency,
    'decode.dropBelowUniform': dropBelowUniform,
  });
  const backbone = searchedBackbone(config);
  const space = spaceOf(config, backbone);
  const searches = await Promise.all(
    [folder, ...average].map((run) => readArchitecture(join(run, RUN_FILES.architecture), space)),
  );
  const table = await latencyTableOf(config, backbone);
  const scheme = decode(searches, config, table);
  const path = flags.out ?? join(folder, RUN_FILES.scheme);
  await writeScheme(path, scheme, replace);
  await logCommand(folder, thisCommand());
  const predicted = table ? `${predictionText(table, scheme, config.decode.maxLatency)}\n` : '';
  process.stdout.write(`${schemeText(scheme, backbone)}\n${predicted}${path}\n`);
  tellNext(NEXT.decode(path));
}
