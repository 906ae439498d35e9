import { statSync } from 'node:fs';
import { UsageError } from '../usage-error.js';

/**
 * A path where a file must be, if there is anything.
 * @param also what else may be there, for the message
 * @throws UsageError for a directory, of which reading would not even say the name
 */
export function expectFile(path: string, also?: string): string {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new UsageError(`${path} is a directory, where a file${also === undefined ? '' : ` or ${also}`} is expected`);
}
