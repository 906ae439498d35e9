import { resolve } from 'node:path';
import { isWeightName } from '@nats/transfer/parse';

/** Places of a config that hold paths; `*` is any key or position. */
const PATHS = [
  'data.path',
  'data.train.annotations',
  'data.train.images',
  'data.val.annotations',
  'data.val.images',
  'weights.file',
  'pretrain.data.train',
  'pretrain.data.train.*',
  'pretrain.data.test',
  'pretrain.data.test.*',
].map((path) => path.split('.'));

/** The same config with its paths made absolute, so that a run can be continued from anywhere. */
export function withAbsolutePaths(config: unknown, folder: string): unknown {
  return PATHS.reduce((value, path) => changed(value, path, folder), config);
}

function changed(value: unknown, [key, ...rest]: readonly string[], folder: string): unknown {
  // Weights may have a name (torchvision:resnet50) instead of a place.
  if (key === undefined) return typeof value === 'string' && !isWeightName(value) ? resolve(folder, value) : value;
  if (key === '*') return Array.isArray(value) ? value.map((item) => changed(item, rest, folder)) : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !(key in value)) return value;
  const object = value as Record<string, unknown>;
  return { ...object, [key]: changed(object[key], rest, folder) };
}
