import type { Precision } from '@nats/export';
import {
  configRuntime,
  expectFile,
  latencyText,
  measureConfig,
  NEXT,
  withInterruption,
  writeAtomic,
} from '@nats/pipeline';
import { latencyTableToJson } from '@nats/space';
import { type Command, Option } from 'commander';
import { streamProgress } from '../progress.js';
import { addConfigFlags, type ConfigFlags, configOf, countingNumber, tellNext } from './shared.js';

interface LatencyFlags extends ConfigFlags {
  readonly batchSize: number;
  readonly precision: Precision;
  readonly rounds: number;
  readonly out: string;
  readonly json?: true;
}

/** `nats latency`: what dividing the channels of each convolution costs on this machine. */
export function latencyCommand(program: Command): void {
  const command = program
    .command('latency')
    .summary('Measure what dividing channels costs on this machine')
    .description('Measure what each division of channels costs in an exported file, here')
    .option('--batch-size <number>', 'images at a time', countingNumber, 1)
    .addOption(new Option('--precision <name>', 'of the file').choices(['float32', 'float16']).default('float32'))
    .option('--rounds <number>', 'least runs of each file', countingNumber, 15)
    .option('--out <file>', 'where the table goes', 'latency-table.json')
    .option('--json', 'print the table as JSON too');
  addConfigFlags(command)
    .addHelpText('after', '\nExample:\n  $ nats latency --threads 2 --out laptop.json')
    .action(run);
}

async function run(flags: LatencyFlags): Promise<void> {
  const { batchSize: batch, precision, rounds, out, json } = flags;
  const config = await configOf(flags);
  expectFile(out);
  const runtime = await configRuntime(config.engine);
  const progress = streamProgress(process.stderr);
  const table = await withInterruption('stopped', (signal) =>
    measureConfig(config, { runtime, batch, precision, rounds, signal, progress }),
  );
  const text = latencyTableToJson(table);
  await writeAtomic(out, text);
  progress.line(`  table in ${out}`);
  process.stdout.write(json ? text : `${latencyText(table)}\n`);
  tellNext(NEXT.latency(out));
}
