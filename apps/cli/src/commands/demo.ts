import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import type { Command } from 'commander';
import { streamProgress } from '../demo/progress.js';
import { runDemo } from '../demo/run-demo.js';
import { FULL, QUICK } from '../demo/settings.js';
import { Interrupted } from '../interrupted.js';

/** `nats demo`: the whole method on digits, from nothing to two exported detectors and a comparison. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('Pretrain, search, train with and without the found dilations, compare, export: all on digits')
    .option('--quick', 'fewer steps: shows that it works, too short to judge the method')
    .option(
      '--out <dir>',
      'where results are kept; a second run continues there (default: runs/demo or runs/demo-quick)',
    )
    .addHelpText('after', '\nExample:\n  $ nats demo --quick --out runs/first')
    .action(demo);
}

async function demo({ quick = false, out }: { quick?: boolean; out?: string }): Promise<void> {
  const folder = out ?? join('runs', quick ? 'demo-quick' : 'demo');
  const again = `${invocation()}${quick ? ' --quick' : ''}${out === undefined ? '' : ` --out ${out}`}`;
  const controller = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  const stop = () => controller.abort(new Interrupted(`stopped; what was done is in ${folder}. To go on: ${again}`));
  process.once('SIGINT', stop);
  const engine = onnxruntimeEngine();
  const started = performance.now();
  try {
    const settings = quick ? QUICK : FULL;
    const progress = streamProgress(process.stdout);
    const { table } = await runDemo({ engine, settings, folder, progress, signal: controller.signal });
    progress.line(`\n${table}\n`);
    progress.line(
      quick
        ? 'Too short to judge the method: one seed, few steps, few test images. It shows that every step works.'
        : 'One search and one seed: a difference of one point or less may be chance. npm run evidence compares seeds.',
    );
    progress.line(
      `AP in percent; small, medium and large objects: side below 24, to 48, above, in pixels. ` +
        `Results are in ${folder}; ${Math.round((performance.now() - started) / 1000)} s.`,
    );
  } finally {
    process.off('SIGINT', stop);
    await engine.dispose();
  }
}

/** What the user typed to get here: the command itself, or this repository's script for it. */
function invocation(): string {
  return process.env.npm_lifecycle_event === 'demo' ? 'npm run demo --' : 'nats demo';
}
