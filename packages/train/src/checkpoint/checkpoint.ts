import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { TensorData } from '@nats/graph';
import { layoutSafetensors, parseSafetensors, writeAtomically } from '@nats/transfer';
import { CheckpointError, CheckpointWriteError } from './errors.js';
import { type FileSystem, nodeFiles } from './files.js';
import { type CheckpointInfo, damaged, formatManifest, type Manifest, parseManifest } from './manifest.js';

export interface Checkpoint extends CheckpointInfo {
  /** All of a state: parameters, statistics, slots. Floats are float32 in the file. */
  readonly values: ReadonlyMap<string, TensorData>;
}

/** Tensor files are named by step and content; the JSON files `NAME.json` say which of them they mean. */
const TENSOR_FILE = /^step-\d+-[0-9a-f]{12}\.safetensors$/;
const LEFT_OVER = /^\.(step-\d+-[0-9a-f]{12}\.safetensors|[\w-]+\.json)\.[0-9a-f-]{36}\.tmp$/;

/**
 * Writes a checkpoint under one or more names (`last`, `best`) as safetensors and JSON. The tensors are written first and
 * each JSON file is replaced in one go, so that at every moment, full disks and power cuts included, a name
 * stands for a whole checkpoint. Tensor files that no name means any more are removed.
 * @returns the paths of the JSON files
 * @throws CheckpointWriteError if the disk is full or the directory not writable: earlier checkpoints are unchanged
 */
export async function saveCheckpoint(
  directory: string,
  names: readonly string[],
  { values, ...info }: Checkpoint,
  files: FileSystem = nodeFiles,
): Promise<string[]> {
  const { header, chunks, totalBytes } = layoutSafetensors(values);
  const parts = [header, ...chunks];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const sha256 = hash.digest('hex');
  const file = `step-${String(info.step).padStart(6, '0')}-${sha256.slice(0, 12)}.safetensors`;
  const manifest = formatManifest({ ...info, tensors: { file, bytes: totalBytes, sha256 } });
  const paths = names.map((name) => manifestPath(directory, name));
  try {
    await files.mkdir(directory, { recursive: true });
    await writeAtomically(join(directory, file), parts, files);
    for (const path of paths) await writeAtomically(path, [Buffer.from(manifest)], files);
  } catch (error) {
    if (!isIoError(error)) throw error;
    const previous = await readManifest(directory, names[0] ?? 'last', files).catch(() => undefined);
    throw new CheckpointWriteError(directory, totalBytes, previous && `step ${previous.step}`, error);
  }
  await removeUnused(directory, files);
  return paths;
}

/**
 * Reads a checkpoint and checks its content hash.
 * @throws CheckpointError `missing`, `damaged` or `version`; other IO errors pass through
 */
export async function loadCheckpoint(
  directory: string,
  name = 'last',
  files: FileSystem = nodeFiles,
): Promise<Checkpoint> {
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

/** Whether there is a checkpoint of this name, readable or not. */
export async function hasCheckpoint(directory: string, name = 'last', files: FileSystem = nodeFiles): Promise<boolean> {
  return (await listOrNone(directory, files)).includes(`${name}.json`);
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
