import { sizeOf } from '@nats/graph';
import { inWordsOfConfig, locateWeights, NEXT, textTable } from '@nats/pipeline';
import { printable, readWeights } from '@nats/transfer';
import type { Command } from 'commander';
import { streamProgress } from '../progress.js';
import { offlineOption, printJson, tellNext } from './shared.js';

interface WeightsFlags {
  readonly select?: string;
  readonly json?: true;
}

/** `nats inspect weights`: names and shapes in a file of any format. */
export function inspectWeightsCommand(inspect: Command): void {
  inspect
    .command('weights')
    .description('Names, shapes and ranges in a file of weights: safetensors, PyTorch, pickle, ONNX, TF.js, npz')
    .argument('<path>', 'a file, a run, or a name such as torchvision:resnet50')
    .option('--select <key>', 'of a file that holds several, such as model_ema')
    .addOption(offlineOption())
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect weights resnet50-0676ba61.pth')
    .action(async (path: string, flags: WeightsFlags) => {
      await run(path, flags);
      tellNext(await NEXT.inspectWeights(path));
    });
}

async function run(path: string, { select, json }: WeightsFlags): Promise<void> {
  const { path: file } = await locateWeights(path, { progress: streamProgress(process.stderr) });
  const { format, tensors, metadata } = await readWeights(file, select === undefined ? {} : { select }).catch(
    (error: unknown) => {
      throw inWordsOfConfig(error, file);
    },
  );
  const rows = [...tensors].map(([name, { dtype, shape, data }]) => {
    let [least, most, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
    for (const value of data) {
      if (value < least) least = value;
      if (value > most) most = value;
      if (!Number.isFinite(value)) finite = false;
    }
    return { name, dtype, shape, least, most, finite };
  });
  const numbers = rows.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (json) return printJson({ format, numbers, metadata, tensors: rows });
  const head = ['name', 'type', 'shape', 'least', 'most'];
  const lines = rows.map(({ name, dtype, shape, least, most, finite }) => [
    printable(name),
    dtype,
    `[${shape.join(', ')}]`,
    least.toPrecision(3),
    `${most.toPrecision(3)}${finite ? '' : ' (not finite)'}`,
  ]);
  process.stdout.write(`${textTable([head, ...lines])}\n${format}, ${rows.length} tensors, ${numbers} numbers\n`);
}
