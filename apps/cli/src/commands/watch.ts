import { NEXT, watchRuns, withInterruption } from '@nats/pipeline';
import type { Command } from 'commander';
import { countingNumber, tellNext } from './shared.js';

/** `nats watch`: runs as they go, on a page of this machine. */
export function watchCommand(program: Command): void {
  program
    .command('watch')
    .summary('A page of runs as they go, for this machine alone')
    .description(
      'A page of runs as they go, for this machine alone: losses, AP, probabilities per layer, detections, time left',
    )
    .argument('[runs...]', 'runs, or folders of runs (default: runs)')
    .option('--port <number>', 'of the page (default: a free one)', countingNumber)
    .addHelpText('after', '\nExample:\n  $ nats watch runs/search runs/transformed')
    .action(run);
}

async function run(paths: readonly string[], { port }: { readonly port?: number }): Promise<void> {
  const watch = await watchRuns(paths.length > 0 ? paths : ['runs'], port === undefined ? {} : { port });
  process.stdout.write(`${watch.url}\n`);
  tellNext(NEXT.watch());
  try {
    await withInterruption(
      'watching ended',
      (signal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
    );
  } finally {
    await watch.close();
  }
}
