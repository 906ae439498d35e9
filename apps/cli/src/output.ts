import { printable } from '@nats/transfer';

let isClosed = false;

/** Whether nobody reads stdout any more: then a command that only prints may end. */
export function isOutputClosed(): boolean {
  return isClosed;
}

/** Prints lines in which there may be names from files. */
export function printLines(text: string): void {
  process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
}

/** Lets no failed write of messages end a command that also writes files: its terminal, a full disk, `| head`. */
export function guardOutput(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough, such as `head`, is no failure.
    const isTold = isClosed || error.code === 'EPIPE';
    isClosed = true;
    if (isTold) return;
    process.stderr.write(`nats: what was printed could not be written: ${error.message}\n`);
    process.exitCode = 1;
  });
}
