import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { weightCacheFolder } from './cache-folder.js';
import { knownWeights } from './catalog.js';
import { NOTE_SUFFIX, readNote, type WeightNote } from './note.js';
import { sha256Of } from './sha256.js';

/** A whole file of the cache. */
export interface CachedWeights {
  readonly path: string;
  /** Relative to the cache. */
  readonly place: string;
  readonly bytes: number;
  /** What was noted when it came; undefined for a file that was put there by hand and not used yet. */
  readonly note: WeightNote | undefined;
}

/** A file of the cache, and whether it is still what came. */
export interface VerifiedWeights extends CachedWeights {
  readonly sha256: string;
  /** What is wrong: the hash differs from the note, or from the digits in torchvision's name. */
  readonly problem: string | undefined;
}

/** The whole files of the cache, by place; [] if there is no cache. */
export async function cachedWeights(folder: string = weightCacheFolder()): Promise<CachedWeights[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: CachedWeights[] = [];
  for (const place of names.sort()) {
    if (/\.(?:part|tmp|lock)$/.test(place) || place.endsWith(NOTE_SUFFIX)) continue;
    const path = join(folder, place);
    const info = await stat(path);
    if (info.isFile()) files.push({ path, place, bytes: info.size, note: await readNote(path) });
  }
  return files;
}

/** Reads every file of the cache and compares its hash with what is known. */
export async function verifyWeights(folder: string = weightCacheFolder()): Promise<VerifiedWeights[]> {
  const verified: VerifiedWeights[] = [];
  for (const cached of await cachedWeights(folder)) {
    const sha256 = await sha256Of(cached.path);
    verified.push({ ...cached, sha256, problem: problemOf(cached, sha256) });
  }
  return verified;
}

function problemOf({ place, note }: CachedWeights, sha256: string): string | undefined {
  if (note !== undefined && note.sha256 !== sha256) return `the file was changed: its SHA-256 was ${note.sha256}`;
  const prefix = place.startsWith('torchvision') ? (knownWeights(place)?.sha256Prefix ?? '') : '';
  return sha256.startsWith(prefix) ? undefined : `torchvision's name says that its SHA-256 begins with ${prefix}`;
}
