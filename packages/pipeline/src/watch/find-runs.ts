import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isRun, readRun } from '../run/run-directory.js';
import { UsageError } from '../usage-error.js';

/** How deep below a folder runs are looked for: `runs/experiment/search`. */
const DEPTH = 3;

/** A run's folder, and its name among the others. */
export interface FoundRun {
  readonly folder: string;
  readonly name: string;
}

/**
 * The runs in folders, at this moment: those that are runs, and those below. New ones may come at any time.
 * @throws UsageError for a folder that is not there
 */
export async function findRuns(paths: readonly string[]): Promise<FoundRun[]> {
  const found: FoundRun[] = [];
  for (const path of paths) {
    if (!existsSync(path)) throw new UsageError(`there is no ${path}; name runs, or a folder of runs`);
    for (const folder of await runsBelow(path, DEPTH)) {
      const inside = relative(path, folder);
      found.push({ folder, name: inside === '' || paths.length > 1 ? folder : inside });
    }
  }
  return [...new Map(found.map((run) => [run.folder, run])).values()].sort((a, b) => a.name.localeCompare(b.name));
}

async function runsBelow(path: string, depth: number): Promise<string[]> {
  // A demonstration is a folder of runs.
  if (isRun(path) && (await readRun(path)).kind !== 'demo') return [path];
  if (depth === 0) return [];
  const folders = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const below = await Promise.all(folders.map(({ name }) => runsBelow(join(path, name), depth - 1)));
  return below.flat();
}
