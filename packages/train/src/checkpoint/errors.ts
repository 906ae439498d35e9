import { type ErrorCode, NatsError } from '@nats/graph';

/**
 * `missing`: there is none. `damaged`: truncated, swapped or edited. `version`: written by a newer format. `config`: of a
 * training with other settings. `state`: of another network or optimizer.
 */
export type CheckpointProblem = 'missing' | 'damaged' | 'version' | 'config' | 'state';

const CODES: Readonly<Record<CheckpointProblem, ErrorCode>> = {
  missing: 'state',
  damaged: 'malformed',
  version: 'unsupported',
  config: 'state',
  state: 'state',
};

/** A checkpoint that cannot be continued from; the message says what to do. */
export class CheckpointError extends NatsError {
  override readonly name = 'CheckpointError';
  readonly problem: CheckpointProblem;
  readonly path: string;

  constructor(
    problem: CheckpointProblem,
    path: string,
    details: { rule: string; received: string; limit: string },
    options?: { cause?: unknown },
  ) {
    super(CODES[problem], { ...details, where: path }, options);
    this.problem = problem;
    this.path = path;
  }
}

/** Writing a checkpoint failed: a full disk, no permission. `code` and `cause` are those of the IO error. */
export class CheckpointWriteError extends Error {
  override readonly name = 'CheckpointWriteError';
  readonly code: string;
  readonly directory: string;

  constructor(
    directory: string,
    bytes: number,
    previous: string | undefined,
    cause: Error & { readonly code?: string | undefined },
  ) {
    const advice =
      cause.code === 'ENOSPC'
        ? `free at least ${Math.ceil(bytes / 2 ** 20)} MiB there or choose another directory`
        : 'make the directory writable or choose another one';
    const kept =
      previous === undefined ? 'no earlier checkpoint is lost' : `the previous checkpoint (${previous}) is unchanged`;
    super(`${directory}: a checkpoint could not be written: ${cause.message}; ${advice}, ${kept}`, {
      cause,
    });
    this.code = cause.code ?? 'unknown';
    this.directory = directory;
  }
}
