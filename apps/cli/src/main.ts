#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough, such as `head`, is no failure.
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`nats: what was printed could not be written: ${error.message}\n`);
  process.exit(1);
});

// A command that goes on after a failure has set its own code.
process.exitCode = (await runCommandLine(process.argv.slice(2))) || (process.exitCode ?? 0);
