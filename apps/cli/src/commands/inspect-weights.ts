import { sizeOf } from '@nats/graph';
import { weightsFile } from '@nats/pipeline';
import { readWeights } from '@nats/transfer';
import type { Command } from 'commander';
import { textTable } from '../text-table.js';
import { printJson } from './shared.js';

interface WeightsFlags {
  readonly select?: string;
  readonly json?: true;
}

/** `nats inspect weights`: names and shapes in a file of any format. */
export function inspectWeightsCommand(inspect: Command): void {
  inspect
    .command('weights')
    .description('Names, shapes and ranges in a file of weights: safetensors, PyTorch, pickle, ONNX, TF.js, npz')
    .argument('<path>', 'the file, or a run')
    .option('--select <key>', 'of a file that holds several, such as model_ema')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect weights resnet50-0676ba61.pth')
    .action(run);
}

async function run(path: string, { select, json }: WeightsFlags): Promise<void> {
  const { format, tensors, metadata } = await readWeights(weightsFile(path), select === undefined ? {} : { select });
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
    name,
    dtype,
    `[${shape.join(', ')}]`,
    least.toPrecision(3),
    `${most.toPrecision(3)}${finite ? '' : ' (not finite)'}`,
  ]);
  process.stdout.write(`${textTable([head, ...lines])}\n${format}, ${rows.length} tensors, ${numbers} numbers\n`);
}
