import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_FILES } from './run-files.js';

/** Machine and versions; see `environmentOf`. */
export type Environment = Readonly<Record<string, string | number>>;

/** Adds a line to the commands that made what is in a run directory. */
export async function logCommand(folder: string, command: string, environment?: Environment): Promise<void> {
  const line = JSON.stringify({ time: new Date().toISOString(), command, environment });
  await appendFile(join(folder, RUN_FILES.commands), `${line}\n`);
}

export interface LoggedCommand {
  /** ISO 8601. */
  readonly time: string;
  readonly command: string;
  /** Of commands that begin or continue a run, which may go on elsewhere. */
  readonly environment?: Environment;
}

/** The commands that made what is in a run directory, in order. */
export async function readCommands(folder: string): Promise<LoggedCommand[]> {
  const text = await readFile(join(folder, RUN_FILES.commands), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as LoggedCommand];
    } catch {
      // The last line of a run that was ended while it was written.
      return [];
    }
  });
}
