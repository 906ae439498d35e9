import { DETECTOR_FORMAT, readDetectorMetadata } from '@nats/detect';
import { type ModelValue, readModel } from '@nats/export';
import { sizeOf } from '@nats/graph';
import { modelFile } from '@nats/pipeline';
import { readRegularFile } from '@nats/transfer';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { printJson } from './shared.js';

/** `nats inspect model`: what an ONNX file says about itself. */
export function inspectModelCommand(inspect: Command): void {
  inspect
    .command('model')
    .description('Inputs, outputs, size and operators of any ONNX file; how to use one of nats export')
    .argument('<path>', 'an ONNX file, or a run that has one')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect model runs/transformed/model.onnx')
    .action(run);
}

async function run(path: string, { json }: { json?: true }): Promise<void> {
  const file = modelFile(path);
  const bytes = await readRegularFile(file);
  const model = readModel(bytes, file);
  const detector = model.metadata.format === DETECTOR_FORMAT ? readDetectorMetadata(bytes, file) : undefined;
  const parameters = model.initializers.reduce(
    (sum, { type, shape = [] }) => sum + (type.startsWith('float') ? sizeOf(shape as number[]) : 0),
    0,
  );
  if (json) return printJson({ ...model, bytes: bytes.length, parameters, detector });
  const lines = [
    `${file}: ${model.name}, ${(bytes.length / 1e6).toFixed(2)} MB, ${parameters} numbers`,
    `ONNX IR ${model.irVersion}, opset ${Object.values(model.opsets).join(', ')}, written by ${model.producer}`,
    ...model.inputs.map((value) => `in   ${describe(value)}${value.note ? `: ${value.note}` : ''}`),
    ...model.outputs.map((value) => `out  ${describe(value)}`),
    `operators: ${Object.entries(model.operators)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
  ];
  if (detector) {
    const { classes, input, output, thresholds, tool, scheme, precision } = detector;
    lines.push(
      `detector of ${tool}, ${scheme === undefined ? 'original' : 'transformed by a scheme'}${precision ? `, in ${precision}` : ''}`,
      `classes: ${classes.join(', ')}`,
      `sees ${input.size.join(' x ')} pixels, ${input.preprocessing === 'model' ? 'letterboxed and normalized in the file' : 'letterboxed and normalized by the caller'}`,
      `gives ${output.kind}${output.masks ? ` with masks of ${output.masks.side} x ${output.masks.side}` : ''} in pixels of the ${output.pixels}; score above ${thresholds.scoreThreshold}, IoU ${thresholds.iouThreshold}, at most ${thresholds.maxDetections}`,
    );
  }
  printLines(lines.join('\n'));
}

function describe({ name, type, shape }: ModelValue): string {
  return `${name} ${type}${shape ? `[${shape.join(', ')}]` : ''}`;
}
