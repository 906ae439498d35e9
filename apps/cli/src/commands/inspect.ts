import type { Command } from 'commander';
import { inspectDataCommand } from './inspect-data.js';
import { inspectModelCommand } from './inspect-model.js';
import { inspectRunCommand } from './inspect-run.js';
import { inspectSchemeCommand } from './inspect-scheme.js';
import { inspectWeightsCommand } from './inspect-weights.js';

/** `nats inspect`: what is in data, files and runs. */
export function inspectCommand(program: Command): void {
  const inspect = program.command('inspect').description('What is in data, weights, a scheme, a model or a run');
  inspectDataCommand(inspect);
  inspectWeightsCommand(inspect);
  inspectSchemeCommand(inspect);
  inspectModelCommand(inspect);
  inspectRunCommand(inspect);
  inspect.addHelpText('after', '\nExample:\n  $ nats inspect data --format voc --data VOC2007');
}
