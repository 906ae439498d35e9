import { doctor, formatDoctor } from '@nats/engine';
import { NEXT, VERSION } from '@nats/pipeline';
import type { Command } from 'commander';
import { printJson, tellNext } from './shared.js';

/** `nats doctor`: does everything work here that the other commands need? */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .summary('What works on this machine, and what to do about the rest')
    .description('Which engines and providers work here, with versions, and what to do about those that do not')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  $ nats doctor')
    .action(async ({ json }: { json?: true }) => {
      const report = await doctor();
      if (json) printJson({ nats: VERSION, ...report });
      else process.stdout.write(`nats ${VERSION}\n${formatDoctor(report)}\n`);
      if (!report.works) throw new Error('no engine works here');
      tellNext(NEXT.doctor());
    });
}
