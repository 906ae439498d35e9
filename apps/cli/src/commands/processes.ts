import { type Config, Interrupted, rankLog, type StepContext } from '@nats/pipeline';
import { printable } from '@nats/transfer';
import type { Command } from 'commander';
import { exitCodeOf } from '../exit-codes.js';
import { countingNumber, wholeNumber, withContext } from './shared.js';

/** What every command takes that several processes can share. */
export interface ProcessFlags {
  readonly mpi?: boolean;
  readonly mpiTimeout: number;
  readonly mpiHeartbeat: number;
  readonly tensorboard?: true;
}

/** Seconds that one process may wait for the others: weights are downloaded and norms measured by the first alone. */
const PATIENCE = 600;

export function addProcessFlags(command: Command): Command {
  return command
    .optionsGroup('Several processes, and what they write:')
    .option('--tensorboard', 'event files too, in tensorboard/ of the run directory: tensorboard --logdir runs')
    .option(
      '--mpi',
      'as one of several processes, by an MPI library (default: where mpirun, mpiexec or srun started it)',
    )
    .option('--no-mpi', 'alone, whatever started it')
    .option(
      '--mpi-timeout <seconds>',
      'a process that waits longer for another ends all; once steps are made, 20 times the longest pause so far',
      countingNumber,
      PATIENCE,
    )
    .option(
      '--mpi-heartbeat <seconds>',
      'a process that is silent for as long ends all; 0: none is watched',
      wholeNumber,
      10,
    );
}

/**
 * `withContext` in one of the processes that `mpirun` or `srun` started, or alone. The first tells progress and results, the
 * others write `rank-N.log` in the run directory. What one throws ends all, with one message that says which.
 * @returns the result on the first process alone
 */
export async function withProcesses<T>(
  flags: ProcessFlags,
  readConfig: () => Promise<Config>,
  folder: string,
  work: (context: StepContext) => Promise<T>,
): Promise<T | undefined> {
  const collective = await joinProcesses(flags);
  const { tensorboard = false } = flags;
  if (!collective) return withContext(await readConfig(), folder, (context) => work({ ...context, tensorboard }));
  const { rank, size } = collective;
  try {
    const result = await withContext(await readConfig(), folder, (context) => {
      const progress = rank === 0 ? context.progress : rankLog(folder, rank);
      progress.line(
        `  ${rank === 0 ? `${size} processes` : `process ${rank} of ${size}, ${process.pid}`} (${collective.version})`,
      );
      return work({ ...context, progress, collective, tensorboard });
    });
    await collective.close();
    return rank === 0 ? result : undefined;
  } catch (error) {
    if (error instanceof Interrupted && error.together) {
      await collective.close();
      // Told by the first.
      throw rank === 0 ? error : new Interrupted('', error);
    }
    const message = error instanceof Error ? error.message : String(error);
    collective.abort(message.split('\n').map(printable).join('\n'), exitCodeOf(error));
    throw error;
  }
}

/** The processes of this training; undefined for one alone. */
async function joinProcesses({ mpi, mpiTimeout, mpiHeartbeat }: ProcessFlags) {
  if (mpi === false) return undefined;
  // Not loaded where nothing asks for it.
  const { launcherOf, mpiCollective } = await import('@nats/mpi');
  const launcher = launcherOf(process.env);
  if (!mpi && (launcher?.size ?? 1) === 1) return undefined;
  return mpiCollective({ timeout: mpiTimeout, heartbeat: mpiHeartbeat });
}
