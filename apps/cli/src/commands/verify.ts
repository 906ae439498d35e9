import { join } from 'node:path';
import { formatVerification } from '@nats/export';
import { logCommand, NEXT, openTrainedRun, RUN_FILES, verifyRun } from '@nats/pipeline';
import type { Command } from 'commander';
import { addEngineFlag, countingNumber, printJson, shareNumber, tellNext, thisCommand, withContext } from './shared.js';

interface VerifyFlags {
  readonly model?: string;
  readonly images?: number;
  readonly tolerance?: number;
  readonly engine?: string;
  readonly json?: true;
}

/** `nats verify`: does the file compute what was trained? */
export function verifyCommand(program: Command): void {
  addEngineFlag(program.command('verify'))
    .summary('Compare an exported file with what was trained')
    .description('Compare an exported file with what was trained, on real images; exit code 1 if they differ')
    .argument('<run>', 'a run of nats train')
    .option('--model <file>', "the file (default: the run's model.onnx)")
    .option('--images <number>', 'overrides export.verifyImages', countingNumber)
    .option('--tolerance <number>', 'overrides export.tolerance', shareNumber)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats verify runs/transformed')
    .action(run);
}

async function run(folder: string, { model, images, tolerance, engine, json }: VerifyFlags): Promise<void> {
  const trained = await openTrainedRun(folder, {
    'export.verifyImages': images,
    'export.tolerance': tolerance,
    'engine.name': engine,
  });
  const path = model ?? join(folder, RUN_FILES.model);
  const result = await withContext(trained.config, undefined, (context) => verifyRun(context, trained, model));
  if (json) printJson(result);
  else process.stdout.write(`${path} ${formatVerification(result)}\n`);
  await logCommand(folder, thisCommand());
  if (result.passed) return tellNext(NEXT.verify(model ?? folder));
  // The network is the same, what suppression kept is not.
  const near = result.values.scores!.relative <= result.tolerance.values;
  throw new Error(
    `${path} does not compute what was trained${near ? '; or the detector is hardly trained: of nearly equal scores suppression may keep either' : ''}`,
  );
}
