import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Outcomes } from './run-inputs.js';

const COLUMNS = ['reader', 'inputs', 'read', 'refused', 'untyped', 'over 2 s', 'over 500 MB'];

/** Which inputs were read by which state of the project: those after the ones of the run before, by reader. */
interface FuzzRun {
  readonly command: string;
  readonly commit: string;
  readonly inputs: Record<string, number>;
}

interface FuzzResults {
  readonly seed: number;
  readonly runs: FuzzRun[];
  rows: (string | number)[][];
}

interface TableOptions {
  readonly command: string;
  readonly seed: number;
  /** Whether what the file has stays: inputs of one seed, in several runs. */
  readonly add: boolean;
}

/** What came of the inputs, in a file that is written after each reader. */
export interface FuzzTable {
  /** Of a reader, in earlier runs. */
  inputs(reader: string): number;
  write(reader: string, outcomes: Outcomes): void;
}

/**
 * A row with findings is of a reader that was to be repaired: it is not added to, but made anew, from the first input on.
 * @param file none for a table that nobody keeps
 */
export function openTable(file: string | undefined, { command, seed, add }: TableOptions): FuzzTable {
  const before = add && file !== undefined && existsSync(file) ? read(file) : undefined;
  if (before !== undefined && before.seed !== seed) throw new Error(`${file} has inputs of seed ${before.seed}`);
  const results: FuzzResults = before ?? { seed, runs: [], rows: [] };
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const run: FuzzRun = { command, commit, inputs: {} };
  results.runs.push(run);
  const kept = (reader: string) => {
    const row = results.rows
      .find(([name]) => name === reader)
      ?.slice(1)
      .map(Number);
    return row?.slice(3).every((findings) => findings === 0) ? row : undefined;
  };
  return {
    inputs: (reader) => kept(reader)?.[0] ?? 0,
    write: (reader, { inputs, ok, typed, untyped, slow, large }) => {
      if (file === undefined) return;
      const old = kept(reader) ?? [];
      if (old.length === 0) for (const { inputs: others } of results.runs) delete others[reader];
      run.inputs[reader] = inputs;
      const row = [reader, ...[inputs, ok, typed, untyped, slow, large].map((count, k) => count + (old[k] ?? 0))];
      const rows = results.rows.filter(([name]) => name !== 'all');
      const place = rows.findIndex(([name]) => name === reader);
      const all = place < 0 ? [...rows, row] : rows.with(place, row);
      const sums = COLUMNS.slice(1).map((_, k) => all.reduce((sum, one) => sum + Number(one[k + 1]), 0));
      results.rows = [...all, ['all', ...sums]];
      const runs = results.runs.filter(({ inputs: own }) => Object.keys(own).length > 0);
      // Command and commit are those of the last run; the others have theirs.
      const content = { command, commit, seed, runs, columns: COLUMNS, rows: results.rows };
      writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
    },
  };
}

function read(file: string): FuzzResults {
  const { seed, runs, rows } = JSON.parse(readFileSync(file, 'utf8')) as Partial<FuzzResults>;
  if (seed === undefined || runs === undefined || rows === undefined) throw new Error(`${file} has no runs to add to`);
  return { seed, runs, rows };
}
