import { basename, isAbsolute } from 'node:path';
import { RUN_FILES } from './run/run-files.js';

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not change it',
  EISDIR: 'a file is expected, and it is a folder',
  ENOTDIR: 'a part of the path is a file',
  ENOSPC: 'the disk is full',
  EROFS: 'it is on a file system that can not be written',
};

/** Who writes the files of a run that others read. */
const WRITERS: Readonly<Record<string, string>> = {
  [RUN_FILES.model]: 'nats export writes it',
  [RUN_FILES.scheme]: 'a search has it when it has ended: the same nats search again goes on',
  [RUN_FILES.architecture]: 'a search has it when it has ended: the same nats search again goes on',
  [RUN_FILES.weights]: 'a run has it when it has ended: the same command again goes on',
};

/**
 * What failed, for the one who typed a command: what Node says of a file in words, with what to do about one that is missing;
 * everything else as it is.
 */
export function failureText(error: Error): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const cause = code === undefined ? undefined : CAUSES[code];
  if (cause === undefined || typeof path !== 'string' || !message.startsWith(`${code}:`)) return message;
  const missing = code === 'ENOENT';
  const remedy = missing
    ? (WRITERS[basename(path)] ?? (isAbsolute(path) ? undefined : `looked for in ${process.cwd()}`))
    : undefined;
  return `${cause} (${code}): ${path}${remedy === undefined ? '' : `; ${remedy}`}`;
}
