import { describeModel, modelText, NEXT } from '@nats/pipeline';
import type { Command } from 'commander';
import { printLines } from '../output.js';
import { printJson, tellNext } from './shared.js';

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
  const described = await describeModel(path);
  const { file: _, model, ...rest } = described;
  if (json) printJson({ ...model, ...rest });
  else printLines(modelText(described));
  tellNext(NEXT.inspectModel(path, described.detector !== undefined));
}
