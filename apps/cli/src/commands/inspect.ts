import { readFile } from 'node:fs/promises';
import { schemeFromJson, summarizeScheme } from '@nats/space';
import type { Command } from 'commander';

/** `nats inspect`: what is in a file. */
export function inspectCommand(program: Command): void {
  const inspect = program.command('inspect').description('Show what is in a file');
  inspect
    .command('scheme')
    .description('Dilations by convolution, by layer, and in all')
    .argument('<path>', 'a scheme.json')
    .addHelpText('after', '\nExample:\n  $ nats inspect scheme runs/demo/scheme.json')
    .action(async (path: string) => {
      const scheme = schemeFromJson(await readFile(path, 'utf8'), path);
      process.stdout.write(summarizeScheme(scheme));
    });
  inspect.addHelpText('after', '\nExample:\n  $ nats inspect scheme runs/demo/scheme.json');
}
