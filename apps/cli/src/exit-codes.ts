import { Interrupted, UsageError } from '@nats/pipeline';

/** What the process ends with. `requeue` is EX_TEMPFAIL of sysexits.h: what was done is kept, start the same command again. */
export const EXIT = { success: 0, failure: 1, usage: 2, requeue: 75, interrupted: 130 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.requeue ? EXIT.requeue : EXIT.interrupted;
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

/** For `nats --help`. */
export const EXIT_CODES = [
  'Exit codes:',
  ...Object.entries({
    success: 'done',
    failure: 'failed, told in one line (--debug adds the stack)',
    usage: 'a call or a config that makes no sense',
    requeue: 'after SIGTERM or SIGUSR2: start the same command again',
    interrupted: 'after Ctrl-C',
  } satisfies Record<keyof typeof EXIT, string>).map(
    ([name, meaning]) => `  ${String(EXIT[name as keyof typeof EXIT]).padEnd(3)}  ${meaning}`,
  ),
].join('\n');
