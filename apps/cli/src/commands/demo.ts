import { join } from 'node:path';
import { NEXT, parseAssignment, type StepContext } from '@nats/pipeline';
import { type Command, Option } from 'commander';
import { DEFAULT_TASK, DEMO_TASKS, type DemoTask, demoConfig } from '../demo/demo-config.js';
import { addEngineFlag, collected, countingNumber, tellNext, withContext } from './shared.js';

interface DemoFlags {
  readonly quick?: boolean;
  readonly task: DemoTask;
  readonly out?: string;
  readonly threads: number;
  readonly engine?: string;
  readonly set?: readonly string[];
}

/** `nats demo`: the whole method on digits, from nothing to two exported detectors and a comparison. */
export function demoCommand(program: Command): void {
  addEngineFlag(program.command('demo'))
    .summary('The whole method on digits, from nothing to a comparison')
    .description('Pretrain, search, train with and without the found dilations, compare, export: all on digits')
    .option('--quick', 'fewer steps: shows that every step works; too short to compare AP, which it leaves out')
    .addOption(
      new Option('--task <name>', 'digits, or digits 2.5 to 4 times as wide as high, where the search gains most')
        .choices(Object.keys(DEMO_TASKS))
        .default(DEFAULT_TASK),
    )
    .option('--out <dir>', 'where it is kept, and continued (default: runs/demo, with -digits and -quick)')
    .option('--set <key=value>', 'overrides a setting of the demo, such as search.steps=8; repeatable', collected)
    .option('--threads <number>', 'intra-op threads', countingNumber, 2)
    .addHelpText('after', '\nExample:\n  $ nats demo --quick --out runs/first')
    .action(demo);
}

async function demo({ quick = false, task, out, threads, engine, set = [] }: DemoFlags): Promise<void> {
  const folder = out ?? join('runs', `demo${task === DEFAULT_TASK ? '' : `-${task}`}${quick ? '-quick' : ''}`);
  const { runDemo, TOO_SHORT } = await import('../demo/run-demo.js');
  const started = performance.now();
  const overrides = Object.fromEntries(set.map(parseAssignment));
  const config = demoConfig({ quick, task, engine: { threads, name: engine }, overrides });
  const work = async (context: StepContext) => {
    const { table, report } = await runDemo(context, { folder, rounds: 60, compare: !quick, task });
    const { progress } = context;
    progress.line(`\n${table}\n`);
    progress.line(
      quick
        ? TOO_SHORT
        : 'One search and one seed: a difference of one point or less may be chance. npm run evidence compares seeds.',
    );
    progress.line(
      (quick ? '' : 'AP in percent; small, medium and large objects: side below 24, to 48, above, in pixels. ') +
        `${Math.round((performance.now() - started) / 1000)} s. The report: ${report}`,
    );
  };
  await withContext(config, folder, work, process.stdout);
  tellNext(NEXT.demo());
}
