import { statSync } from 'node:fs';
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import { isWeightName } from '@nats/transfer/parse';

/** Places of a config that hold paths; `*` is any key or position. */
const PATHS = [
  'data.path',
  'data.train.annotations',
  'data.train.images',
  'data.val.annotations',
  'data.val.images',
  'weights.file',
  'decode.latency',
  'pretrain.data.train',
  'pretrain.data.train.*',
  'pretrain.data.test',
  'pretrain.data.test.*',
].map((path) => path.split('.'));

/** The same config with its paths made absolute: they start from a folder. */
export function withAbsolutePaths(config: unknown, folder: string): unknown {
  return withPaths(config, (path) => resolve(folder, path));
}

/**
 * The same with paths that start from a folder: a run that is moved together with its data finds it again, also on another
 * system: Windows reads slashes, too.
 */
export function withRelativePaths(config: unknown, folder: string): unknown {
  return withPaths(config, (path) => {
    const way = relative(resolve(folder), resolve(path));
    // On another drive there is no way.
    return way === '' ? '.' : isAbsolute(way) ? way : way.replaceAll(sep, '/');
  });
}

/**
 * The same with what files are in place of where they are: their name, and their size. So a run that was moved goes on, and one
 * that is given other weights is told from it.
 */
export function withoutPlaces(settings: unknown): unknown {
  return withPaths(settings, (path) => {
    const file = statSync(path, { throwIfNoEntry: false });
    return file?.isFile() ? `${basename(path)} (${file.size} bytes)` : basename(path);
  });
}

function withPaths(config: unknown, change: (path: string) => string): unknown {
  return PATHS.reduce((value, path) => changed(value, path, change), config);
}

function changed(value: unknown, [key, ...rest]: readonly string[], change: (path: string) => string): unknown {
  // Weights may have a name (torchvision:resnet50) instead of a place.
  if (key === undefined) return typeof value === 'string' && !isWeightName(value) ? change(value) : value;
  if (key === '*') return Array.isArray(value) ? value.map((item) => changed(item, rest, change)) : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !(key in value)) return value;
  const object = value as Record<string, unknown>;
  return { ...object, [key]: changed(object[key], rest, change) };
}
