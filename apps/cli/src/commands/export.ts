import { join } from 'node:path';
import { exportRun, logCommand, NEXT, openTrainedRun, RUN_FILES } from '@nats/pipeline';
import { type Command, Option } from 'commander';
import { tellNext, thisCommand } from './shared.js';

interface ExportFlags {
  readonly out?: string;
  readonly preprocessing: boolean;
  readonly suppression: boolean;
  readonly layout?: string;
  readonly precision?: string;
  readonly replace?: true;
}

/** `nats export`: a trained detector as an ONNX file. */
export function exportCommand(program: Command): void {
  program
    .command('export')
    .summary('Write a trained detector as one ONNX file')
    .description('Write a trained detector as an ONNX file that needs nothing else')
    .argument('<run>', 'a run of nats train')
    .option('--out <file>', "where it goes (default: the run's model.onnx)")
    .option('--no-preprocessing', 'leave letterbox and normalization to the caller: float32 goes in')
    .option('--no-suppression', 'leave non-maximum suppression to the caller: candidates come out')
    .addOption(new Option('--layout <name>', 'of the uint8 images').choices(['NHWC', 'NCHW']))
    .addOption(new Option('--precision <name>', 'of weights and activations').choices(['float32', 'float16']))
    .option('--replace', 'even if there is another file')
    .addHelpText('after', '\nExample:\n  $ nats export runs/transformed')
    .action(run);
}

async function run(folder: string, flags: ExportFlags): Promise<void> {
  const { out, preprocessing, suppression, layout, precision, replace } = flags;
  const trained = await openTrainedRun(folder, {
    'export.preprocessing': preprocessing ? undefined : false,
    'export.suppression': suppression ? undefined : false,
    'export.layout': layout,
    'export.precision': precision,
  });
  const path = out ?? join(folder, RUN_FILES.model);
  await exportRun(trained, path, replace);
  await logCommand(folder, thisCommand());
  process.stdout.write(`${path}\n`);
  tellNext(NEXT.export(folder, out));
}
