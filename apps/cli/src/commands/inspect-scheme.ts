import { readScheme } from '@nats/pipeline';
import { formatGenotype, schemeRows, summarizeScheme } from '@nats/space';
import type { Command } from 'commander';
import { printJson } from './shared.js';

/** `nats inspect scheme`: what was chosen. */
export function inspectSchemeCommand(inspect: Command): void {
  inspect
    .command('scheme')
    .description('Dilations by convolution, by layer, and in all')
    .argument('<path>', 'a scheme.json, or a run that has one')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats inspect scheme runs/search/scheme.json')
    .action(async (path: string, { json }: { json?: true }) => {
      const scheme = await readScheme(path);
      if (!json) return void process.stdout.write(summarizeScheme(scheme));
      const { backbone, provenance } = scheme;
      printJson({ backbone, genotypes: scheme.genotypes.map(formatGenotype), ...schemeRows(scheme), provenance });
    });
}
