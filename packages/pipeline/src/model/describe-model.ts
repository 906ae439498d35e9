import { DETECTOR_FORMAT, readDetectorMetadata } from '@nats/detect';
import { type ModelDescription, type ModelValue, readModel } from '@nats/export';
import { sizeOf } from '@nats/graph';
import { readRegularFile } from '@nats/transfer';
import { modelFile } from './model-file.js';

/** What an ONNX file says about itself. */
export interface DescribedModel {
  /** Its path. */
  readonly file: string;
  /** Inputs, outputs, operators, metadata. */
  readonly model: ModelDescription;
  /** Of the file. */
  readonly bytes: number;
  /** Float numbers in initializers. */
  readonly parameters: number;
  /** How to use a file of `nats export`; undefined for any other. */
  readonly detector: ReturnType<typeof readDetectorMetadata> | undefined;
}

/**
 * Reads what an ONNX file says about itself.
 * @param path an ONNX file, or a run that has one
 * @throws NatsError `malformed`; IO errors pass through
 */
export async function describeModel(path: string): Promise<DescribedModel> {
  const file = modelFile(path);
  const content = await readRegularFile(file);
  const model = readModel(content, file);
  const detector = model.metadata.format === DETECTOR_FORMAT ? readDetectorMetadata(content, file) : undefined;
  const parameters = model.initializers.reduce(
    (sum, { type, shape = [] }) => sum + (type.startsWith('float') ? sizeOf(shape as number[]) : 0),
    0,
  );
  return { file, model, bytes: content.length, parameters, detector };
}

/** Lines for a reader. */
export function modelText({ file, model, bytes, parameters, detector }: DescribedModel): string {
  const lines = [
    `${file}: ${model.name}, ${(bytes / 1e6).toFixed(2)} MB, ${parameters} numbers`,
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
  return lines.join('\n');
}

function describe({ name, type, shape }: ModelValue): string {
  return `${name} ${type}${shape ? `[${shape.join(', ')}]` : ''}`;
}
