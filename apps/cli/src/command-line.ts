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
import { EXIT, exitCodeOf } from './exit-codes.js';

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
  initCommand(program);
  inspectCommand(program);
  weightsCommand(program);
  pretrainCommand(program);
  searchCommand(program);
  latencyCommand(program);
  decodeCommand(program);
  trainCommand(program);
  evaluateCommand(program);
  sweepCommand(program);
  exportCommand(program);
  verifyCommand(program);
  benchCommand(program);
  detectCommand(program);
  reportCommand(program);
  watchCommand(program);
  doctorCommand(program);
  for (const command of program.commands) {
    command.helpGroup(groupOf(command.name()));
    pointToHelp(command, `nats ${command.name()}`);
  }
  return program;
}

/** Commands in the order of their use. */
const GROUPS = {
  'Start:': ['demo', 'init', 'inspect', 'weights', 'doctor'],
  'Find dilations:': ['pretrain', 'search', 'latency', 'decode'],
  'Train and evaluate:': ['train', 'watch', 'evaluate', 'report', 'sweep'],
  'Use the result:': ['export', 'verify', 'bench', 'detect'],
} as const;

function groupOf(name: string): string {
  return Object.entries(GROUPS).find(([, names]) => (names as readonly string[]).includes(name))?.[0] ?? 'Other:';
}

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
