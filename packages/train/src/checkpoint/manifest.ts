import type { CheckpointInfo } from './checkpoint.js';
import { CheckpointError } from './errors.js';

/** The JSON file of a checkpoint. */
export interface Manifest extends CheckpointInfo {
  /** The file of tensors, in the same folder, and what its bytes must be. */
  readonly tensors: { readonly file: string; readonly bytes: number; readonly sha256: string };
}

const FORMAT = 'nats-checkpoint';
const VERSION = 1;

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, ...manifest }, null, 2)}\n`;
}

/** @throws CheckpointError `damaged` or `version` */
export function parseManifest(text: string, path: string): Manifest {
  const value = parseObject(text, path);
  if (value.format !== FORMAT) throw damaged(path, `format ${JSON.stringify(value.format)}`, `'${FORMAT}'`);
  if (value.version !== VERSION) {
    throw new CheckpointError('version', path, {
      rule: 'a checkpoint has a format that this version reads',
      received: `version ${JSON.stringify(value.version)}`,
      limit: `version ${VERSION}; continue with the release that wrote it`,
    });
  }
  const tensors = value.tensors as Partial<Manifest['tensors']> | undefined;
  const rules: readonly [string, boolean][] = [
    ['step', isCount(value.step)],
    ['seed', Number.isInteger(value.seed)],
    ['engine', isObject(value.engine)],
    ['config', value.config !== undefined],
    ['tensors.file', typeof tensors?.file === 'string' && /^[\w.-]+$/.test(tensors.file)],
    ['tensors.bytes', isCount(tensors?.bytes)],
    ['tensors.sha256', typeof tensors?.sha256 === 'string' && /^[0-9a-f]{64}$/.test(tensors.sha256)],
    ['best', value.best === undefined || isObject(value.best)],
    ['evaluated', value.evaluated === undefined || isCount(value.evaluated)],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken) throw damaged(path, `no valid ${broken[0]}`, 'the fields that were written');
  const { format: _format, version: _version, ...manifest } = value;
  return manifest as unknown as Manifest;
}

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (cause) {
    throw damaged(path, cause instanceof Error ? cause.message : String(cause), 'JSON', cause);
  }
  throw damaged(path, 'no object', 'a JSON object');
}

/** A damaged file of a checkpoint, and what to do about it. */
export function damaged(path: string, received: string, expected: string, cause?: unknown): CheckpointError {
  return new CheckpointError(
    'damaged',
    path,
    {
      rule: 'a checkpoint is read as it was written',
      received,
      limit: `${expected}; continue from another checkpoint, or start again in an empty directory`,
    },
    { cause },
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
