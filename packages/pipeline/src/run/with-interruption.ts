import { Interrupted } from '../interrupted.js';

/**
 * Does work that Ctrl-C (or SIGTERM) ends in good order: what the work throws when its signal aborts is an `Interrupted` with the
 * given message. A second Ctrl-C ends the process at once.
 */
export async function withInterruption<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Interrupted(message));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
