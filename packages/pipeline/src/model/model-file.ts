import { join } from 'node:path';
import { expectFile } from '../files/expect-file.js';
import { isRun } from '../run/run-directory.js';
import { RUN_FILES } from '../run/run-files.js';

/** The model of a run stands for its directory. */
export function modelFile(path: string): string {
  return isRun(path) ? join(path, RUN_FILES.model) : expectFile(path, 'a run');
}
