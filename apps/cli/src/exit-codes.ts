import { Interrupted, UsageError } from '@nats/pipeline';

/** What the process ends with. `requeue` is EX_TEMPFAIL of sysexits.h: what was done is kept, start the same command again. */
export const EXIT = { success: 0, failure: 1, usage: 2, requeue: 75, interrupted: 130 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.requeue ? EXIT.requeue : EXIT.interrupted;
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/** For `nats --help`. */
export const EXIT_CODES = `Exit codes:
  0    done
  1    failed, told in one line (--debug adds the stack)
  2    a call or a config that makes no sense
  75   after SIGTERM or SIGUSR2: start the same command again
  130  after Ctrl-C`;
