let isClosed = false;

/** Whether nobody reads stdout any more: then a command that only prints may end. */
export function isOutputClosed(): boolean {
  return isClosed;
}

/**
 * Lets no failed write of messages or results end a command that also writes files: a training outlives its terminal, a full
 * disk under `2> log`, and `| head`.
 */
export function guardOutput(): void {
  // Nowhere to tell it.
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isClosed) return;
    isClosed = true;
    // A reader that has seen enough, such as `head`, is no failure.
    if (error.code === 'EPIPE') return;
    process.stderr.write(`nats: what was printed could not be written: ${error.message}\n`);
    process.exitCode = 1;
  });
}
