import { failureText, UsageError, VERSION } from '@nats/pipeline';
import { printable } from '@nats/transfer';
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.js';
import { decodeCommand } from './commands/decode.js';
import { demoCommand } from './commands/demo.js';
import { detectCommand } from './commands/detect.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { exportCommand } from './commands/export.js';
import { initCommand } from './commands/init.js';
import { inspectCommand } from './commands/inspect.js';
import { latencyCommand } from './commands/latency.js';
import { pretrainCommand } from './commands/pretrain.js';
import { reportCommand } from './commands/report.js';
import { searchCommand } from './commands/search.js';
import { sweepCommand } from './commands/sweep.js';
import { trainCommand } from './commands/train.js';
import { verifyCommand } from './commands/verify.js';
import { watchCommand } from './commands/watch.js';
import { weightsCommand } from './commands/weights.js';
import { EXIT, EXIT_CODES, exitCodeOf } from './exit-codes.js';

/**
 * Runs one command. Data goes to stdout, messages to stderr.
 * @param args what follows the program's name
 * @returns the exit code: 0, 1 for a failure, 2 for a usage error, 75 after SIGTERM or SIGUSR2 (start again), 130 after Ctrl-C
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = createCommandLine();
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.success;
  } catch (error) {
    // Commander has printed its message or its help already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    const failure = describeFailure(error, program.opts<{ debug?: true }>().debug === true);
    // Names of files and classes are not the terminal's business.
    if (failure !== '') process.stderr.write(`nats: ${failure.split('\n').map(printable).join('\n')}\n`);
    if (error instanceof UsageError)
      process.stderr.write(`(${nameOfCommand(program, args)} --help shows what there is)\n`);
    return exitCodeOf(error);
  }
}

/** All commands. */
export function createCommandLine(): Command {
  const program = new Command('nats')
    .description("Finds better dilations for a detector's pretrained convolutions; parameters and multiply-adds stay.")
    .version(VERSION)
    .option('--debug', 'show stack traces')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .showHelpAfterError('(nats --help shows what there is)')
    .addHelpText('after', `\n${EXIT_CODES}\n\nExample:\n  $ nats demo --quick`);
  for (const [group, adders] of Object.entries(GROUPS)) {
    const before = program.commands.length;
    for (const add of adders) add(program);
    for (const command of program.commands.slice(before)) {
      command.helpGroup(group);
      pointToHelp(command, `nats ${command.name()}`);
    }
  }
  return program;
}

/** Commands in the order of their use. */
const GROUPS: Readonly<Record<string, readonly ((program: Command) => void)[]>> = {
  'Start:': [doctorCommand, demoCommand, inspectCommand, weightsCommand, initCommand],
  'Find dilations:': [pretrainCommand, searchCommand, latencyCommand, decodeCommand],
  'Train and evaluate:': [trainCommand, watchCommand, evaluateCommand, reportCommand, sweepCommand],
  'Use the result:': [exportCommand, verifyCommand, benchCommand, detectCommand],
};

/** After a usage error: the help of the command that was meant, not of all. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`(${name} --help shows what there is)`);
  for (const child of command.commands) pointToHelp(child, `${name} ${child.name()}`);
}

/** `nats inspect data` of what was typed. */
function nameOfCommand(program: Command, args: readonly string[]): string {
  const names = ['nats'];
  let command: Command | undefined = program;
  for (const word of args) {
    command = command.commands.find((child) => child.name() === word);
    if (!command) break;
    names.push(word);
  }
  return names.join(' ');
}

function describeFailure(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  return debug ? (error.stack ?? error.message) : failureText(error);
}
