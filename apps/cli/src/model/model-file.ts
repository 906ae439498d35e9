import { join } from 'node:path';
import { isRun, RUN_FILES } from '../run/run-directory.js';

/** The model of a run stands for its directory. */
export function modelFile(path: string): string {
  return isRun(path) ? join(path, RUN_FILES.model) : path;
}
