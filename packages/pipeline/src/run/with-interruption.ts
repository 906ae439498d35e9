import { Interrupted } from '../interrupted.js';

/**
 * What a scheduler sends before a time limit or a preemption (Slurm: `--signal`). SIGUSR2 because `mpirun` hands it on to its
 * processes as it is, while it answers SIGTERM by ending them within a second.
 */
const REQUEUING = ['SIGTERM', 'SIGUSR2'] as const;

/**
 * Does work that Ctrl-C or a closed terminal ends in good order, and SIGTERM or SIGUSR2, after which it is to be started again: what the work throws
 * when its signal aborts is an `Interrupted` with the given message. A second Ctrl-C ends the process at once.
 */
export async function withInterruption<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort(new Interrupted(message));
  const requeue = () => controller.abort(new Interrupted(message, { requeue: true }));
  process.once('SIGINT', stop);
  // A closed terminal: what is printed from here on is lost, the checkpoint is not.
  process.once('SIGHUP', stop);
  // Ctrl-Break, of Windows alone.
  process.once('SIGBREAK', stop);
  // Windows has no SIGUSR2.
  const sent = process.platform === 'win32' ? (['SIGTERM'] as const) : REQUEUING;
  for (const name of sent) process.on(name, requeue);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGHUP', stop);
    process.off('SIGBREAK', stop);
    for (const name of sent) process.off(name, requeue);
  }
}
