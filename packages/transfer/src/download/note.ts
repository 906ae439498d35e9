import { readRegularFile } from '../regular-file.js';
import { writeAtomically } from '../write-atomically.js';

/** What is written beside a file of the cache, `FILE.json`. */
export interface WeightNote {
  /** What was asked for; absent for a file that was put there by hand. */
  readonly name?: string;
  readonly url?: string;
  /** The hub's commit. */
  readonly revision?: string;
  readonly sha256: string;
  readonly bytes: number;
}

export const NOTE_SUFFIX = '.json';

/** The note of a file; undefined if there is none that can be used. */
export async function readNote(path: string): Promise<WeightNote | undefined> {
  const text = await readRegularFile(path + NOTE_SUFFIX)
    .then(String)
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A note that is damaged is made anew from the file.
    return undefined;
  }
  const note = value as Partial<WeightNote> | null;
  const usable =
    typeof note === 'object' && note !== null && typeof note.sha256 === 'string' && typeof note.bytes === 'number';
  return usable ? (note as WeightNote) : undefined;
}

export async function writeNote(path: string, note: WeightNote): Promise<void> {
  await writeAtomically(path + NOTE_SUFFIX, [new TextEncoder().encode(`${JSON.stringify(note, null, 2)}\n`)]);
}
