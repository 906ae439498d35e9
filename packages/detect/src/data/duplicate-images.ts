import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { readBytes } from '../files/read-file.js';
import type { Dataset } from './dataset.js';
import { inParallel } from './in-parallel.js';
import type { DataProblem } from './problems.js';

interface Seen {
  readonly image: string;
  readonly file: string;
}

/** Images whose files are equal to that of an earlier one, as warnings; what cannot be read is told elsewhere. */
export async function duplicateImages({ records }: Dataset): Promise<DataProblem[]> {
  const files = records.flatMap(({ id, source }) => ('file' in source ? [{ image: id, file: source.file }] : []));
  // Only files of equal size are read.
  const sizes = await inParallel(files, ({ file }) =>
    stat(file).then(
      ({ size }) => size,
      () => undefined,
    ),
  );
  const bySize = new Map<number, Seen[]>();
  for (const [i, seen] of files.entries()) {
    const size = sizes[i];
    if (size === undefined) continue;
    const others = bySize.get(size);
    if (others) others.push(seen);
    else bySize.set(size, [seen]);
  }
  const candidates = [...bySize.values()].filter(({ length }) => length > 1).flat();
  const hashes = await inParallel(candidates, ({ file }) => readBytes(file).then(hashOf, () => undefined));
  const first = new Map<string, Seen>();
  const problems: DataProblem[] = [];
  for (const [i, { image, file }] of candidates.entries()) {
    const hash = hashes[i];
    const other = hash === undefined ? undefined : first.get(hash);
    if (hash !== undefined && !other) first.set(hash, { image, file });
    if (!other) continue;
    const rule = 'an image is in a dataset once';
    const received = `the bytes of ${other.file}`;
    problems.push({ kind: 'duplicate', image, file, field: '', rule, received, remedy: 'none', severity: 'warning' });
  }
  return problems;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
