import { join } from 'node:path';
import { openToAppend, readRegularFile, withPath } from '@nats/transfer';
import { z } from 'zod';
import { readJsonAs } from '../files/read-json.js';
import { RUN_FILES } from './run-files.js';

/** Machine and versions; see `environmentOf`. */
export type Environment = Readonly<Record<string, string | number>>;

const environmentSchema = z.record(z.string(), z.union([z.string(), z.number()]));

/** Adds a line to the commands that made what is in a run directory. */
export async function logCommand(folder: string, command: string, environment?: Environment): Promise<void> {
  const line = JSON.stringify({ time: new Date().toISOString(), command, environment });
  const path = join(folder, RUN_FILES.commands);
  const file = await openToAppend(path);
  try {
    await file.write(`${line}\n`);
  } catch (error) {
    throw withPath(error, path);
  } finally {
    await file.close();
  }
}

/** Machine and versions of the command that began a run. @throws NatsError `malformed` for an edited file; IO errors pass through */
export function readEnvironment(folder: string): Promise<Environment> {
  return readJsonAs(join(folder, RUN_FILES.environment), environmentSchema);
}

export interface LoggedCommand {
  /** ISO 8601. */
  readonly time: string;
  readonly command: string;
  /** Of commands that begin or continue a run, which may go on elsewhere. */
  readonly environment?: Environment;
}

const commandSchema = z.looseObject({
  time: z.string(),
  command: z.string(),
  environment: environmentSchema.optional(),
});

/** The commands that made what is in a run directory, in order. Lines that are none are left out. */
export async function readCommands(folder: string): Promise<LoggedCommand[]> {
  const text = await readRegularFile(join(folder, RUN_FILES.commands))
    .then(String)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
  return text.split('\n').flatMap((line) => {
    try {
      const logged = commandSchema.safeParse(JSON.parse(line));
      return logged.success ? [logged.data as LoggedCommand] : [];
    } catch {
      // The last line of a run that was ended while it was written.
      return [];
    }
  });
}
