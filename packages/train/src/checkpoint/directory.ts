import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import { layoutSafetensors, parseSafetensors, writeAtomically } from '@nats/transfer';
import type { Checkpoint, CheckpointStore } from './checkpoint.js';
import { CheckpointError, CheckpointWriteError } from './errors.js';
import { type FileSystem, nodeFiles } from './files.js';
import { damaged, formatManifest, type Manifest, parseManifest } from './manifest.js';

/** Tensor files are named by step and content; the JSON files `NAME.json` say which of them they mean. */
const TENSOR_FILE = /^step-\d+-[0-9a-f]{12}\.safetensors$/;
const LEFT_OVER = /^\.(step-\d+-[0-9a-f]{12}\.safetensors|[\w-]+\.json)\.[0-9a-f-]{36}\.tmp$/;

/** What a training continues from, and the generation before it, which stays for the day that the first is damaged. */
const LAST = 'last';
const PREVIOUS = 'last-previous';

/**
 * Checkpoints as files of a directory, which is made when one is saved: `NAME.json` names a safetensors file and its SHA-256.
 * The tensors are written first and each JSON file is replaced in one go, so that at every moment, full disks and power
 * cuts included, a name stands for a whole checkpoint. Of `last` the generation before is kept as `last-previous`. Tensor
 * files that no name means any more are removed.
 * Saving throws a CheckpointWriteError if the disk is full or the directory not writable: earlier checkpoints are unchanged.
 * @param files default: those of Node
 */
export function checkpointDirectory(directory: string, files: FileSystem = nodeFiles): CheckpointStore {
  // A `last` that could not be read takes no place of a generation that can.
  let lastIsGood = true;
  return {
    place: directory,
    placeOf: (name) => manifestPath(directory, name),
    has: async (name) => {
      const found = await listOrNone(directory, files);
      return found.includes(`${name}.json`) || (name === LAST && found.includes(`${PREVIOUS}.json`));
    },
    load: (name) => load(directory, name, files),
    loadPrevious: () => {
      lastIsGood = false;
      return load(directory, PREVIOUS, files);
    },
    remains: async () => {
      const tensors = (await listOrNone(directory, files)).filter((name) => TENSOR_FILE.test(name));
      return tensors.length === 0 ? undefined : tensors.join(', ');
    },
    save: async (names, checkpoint) => {
      await save(directory, names, checkpoint, files, lastIsGood);
      if (names.includes(LAST)) lastIsGood = true;
    },
  };
}

async function save(
  directory: string,
  names: readonly string[],
  { values, ...info }: Checkpoint,
  files: FileSystem,
  lastIsGood: boolean,
): Promise<void> {
  const { header, chunks, totalBytes } = layoutSafetensors(values);
  const parts = [header, ...chunks];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const sha256 = hash.digest('hex');
  const file = `step-${String(info.step).padStart(6, '0')}-${sha256.slice(0, 12)}.safetensors`;
  const manifest = formatManifest({ ...info, tensors: { file, bytes: totalBytes, sha256 } });
  try {
    await files.mkdir(directory, { recursive: true });
    await writeAtomically(join(directory, file), parts, files);
    if (lastIsGood && names.includes(LAST)) await keepPrevious(directory, file, files);
    for (const name of names) await writeAtomically(manifestPath(directory, name), [Buffer.from(manifest)], files);
  } catch (error) {
    if (!isIoError(error)) throw error;
    const previous = await readManifest(directory, names[0] ?? 'last', files).catch(() => undefined);
    throw new CheckpointWriteError(directory, totalBytes, previous && `step ${previous.step}`, error);
  }
  await removeUnused(directory, files);
}

/** Lets `last-previous` mean what `last` means until now, unless that is no checkpoint or the same as what comes. */
async function keepPrevious(directory: string, next: string, files: FileSystem): Promise<void> {
  const last = await readManifest(directory, LAST, files).catch(() => undefined);
  if (!last || last.tensors.file === next) return;
  await writeAtomically(manifestPath(directory, PREVIOUS), [Buffer.from(formatManifest(last))], files);
}

/** Checks the content hash. IO errors other than of a missing file pass through. */
async function load(directory: string, name: string, files: FileSystem): Promise<Checkpoint> {
  const { tensors, ...info } = await readManifest(directory, name, files);
  const path = join(directory, tensors.file);
  const bytes = await readOr(path, files, () => damaged(path, 'no such file', `the tensors of ${name}.json`));
  if (bytes.length !== tensors.bytes) {
    throw damaged(path, `${bytes.length} bytes`, `${tensors.bytes} bytes were written`);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== tensors.sha256) throw damaged(path, `content with SHA-256 ${sha256}`, tensors.sha256);
  return { ...info, values: parseSafetensors(bytes, { name: path }).tensors };
}

async function readManifest(directory: string, name: string, files: FileSystem): Promise<Manifest> {
  const path = manifestPath(directory, name);
  const bytes = await readOr(
    path,
    files,
    () =>
      new CheckpointError('missing', path, {
        rule: 'a training is continued from a checkpoint',
        received: 'no such file',
        limit: 'check the directory, or start a new training',
      }),
  );
  return parseManifest(Buffer.from(bytes).toString(), path);
}

function manifestPath(directory: string, name: string): string {
  return join(directory, `${name}.json`);
}

async function readOr(path: string, files: FileSystem, missing: () => Error): Promise<Uint8Array> {
  try {
    return await files.readFile(path);
  } catch (error) {
    if (isIoError(error) && error.code === 'ENOENT') throw missing();
    if (error instanceof NatsError || (isIoError(error) && error.code === 'EISDIR'))
      throw damaged(path, error.message, 'a regular file');
    throw error;
  }
}

async function listOrNone(directory: string, files: FileSystem): Promise<string[]> {
  try {
    return await files.readdir(directory);
  } catch (error) {
    if (isIoError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Only files of our own making, and only if every JSON file beside them says what it means. */
async function removeUnused(directory: string, files: FileSystem): Promise<void> {
  const names = await files.readdir(directory);
  const used = new Set<string>();
  for (const name of names.filter((name) => name.endsWith('.json'))) {
    const manifest = await readManifest(directory, name.slice(0, -'.json'.length), files).catch(() => undefined);
    if (!manifest) return;
    used.add(manifest.tensors.file);
  }
  const unused = names.filter((name) => (TENSOR_FILE.test(name) && !used.has(name)) || LEFT_OVER.test(name));
  // A file that stays only takes room.
  for (const name of unused) await files.rm(join(directory, name), { force: true }).catch(() => undefined);
}

function isIoError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string' && 'errno' in error;
}
