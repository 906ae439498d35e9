import { Command, CommanderError } from 'commander';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { inspectCommand } from './commands/inspect.js';
import { Interrupted } from './interrupted.js';
import { VERSION } from './version.js';

const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs one command. Data goes to stdout, messages to stderr.
 * @param args what follows the program's name
 * @returns the exit code: 0, 1 for a failure, 2 for a call that makes no sense, 130 after Ctrl-C
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = createCommandLine();
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.success;
  } catch (error) {
    // Commander has printed its message or its help already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    process.stderr.write(`nats: ${describeFailure(error, program.opts<{ debug?: true }>().debug === true)}\n`);
    return error instanceof Interrupted ? EXIT.interrupted : EXIT.failure;
  }
}

function createCommandLine(): Command {
  const program = new Command('nats')
    .description('Finds better dilations for the convolutions of a pretrained detector, at the same cost.')
    .version(VERSION)
    .option('--debug', 'show stack traces')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(nats --help shows what there is)')
    .addHelpText('after', '\nExample:\n  $ nats demo --quick');
  demoCommand(program);
  evaluateCommand(program);
  inspectCommand(program);
  doctorCommand(program);
  return program;
}

function describeFailure(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return debug ? (error.stack ?? error.message) : error.message;
}
