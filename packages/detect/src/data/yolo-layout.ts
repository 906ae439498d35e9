import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { malformed } from '@nats/graph';
import { parse } from 'yaml';
import { checkName, readText } from '../files/read-file.js';
import { append } from './append.js';
import { FieldError, type Fields, fieldsAt, inFile, shown, textAt } from './fields.js';
import { imageFiles, isInside, pathParts } from './image-files.js';

/** Where a YOLO dataset says that its classes and images are. */
export interface YoloLayout {
  /** The file that says it, for messages. */
  readonly file: string;
  readonly classes: readonly string[];
  /** Names of splits that it has. */
  readonly splits: readonly string[];
  /** Paths of image files, sorted within a folder, in the order of a list. @throws NatsError naming file and key */
  images(split: string): Promise<string[]>;
}

/** Whether paths may lead out of the dataset's folder. */
type Reach = { readonly allowOutside?: boolean };

const YAML_NAMES = ['data.yaml', 'dataset.yaml', 'data.yml', 'dataset.yml'];

/**
 * Opens a dataset as YOLO's tools write it: a YAML file (Ultralytics, Roboflow, fiftyone), `obj.data` of Darknet (CVAT's YOLO
 * 1.1), or `classes.txt` beside `images/` and `labels/` (Label Studio).
 * @param path one of these files, or their folder
 * @throws NatsError `malformed` for files that are not in the format; IO errors pass through
 */
export async function openYolo(path: string, reach: Reach = {}): Promise<YoloLayout> {
  checkName(path);
  if (!statSync(path).isDirectory()) return openFile(path, reach);
  const names = await readdir(path);
  const yamls = names.filter((name) => /\.ya?ml$/i.test(name) && !name.startsWith('.'));
  const yaml = YAML_NAMES.find((name) => names.includes(name)) ?? (yamls.length === 1 ? yamls[0] : undefined);
  const other =
    names.find((name) => /\.data$/i.test(name)) ?? ['classes.txt', 'obj.names'].find((n) => names.includes(n));
  const chosen = yaml ?? other;
  if (chosen !== undefined) return openFile(join(path, chosen), reach);
  throw malformed(path, '', {
    rule: "a YOLO folder has a data.yaml, Darknet's obj.data, or a classes.txt",
    received: yamls.length > 1 ? `several YAML files: ${yamls.join(', ')}` : 'a folder with none of these',
    limit: 'name the file itself (data.path)',
  });
}

function openFile(file: string, reach: Reach): Promise<YoloLayout> {
  if (/\.data$/i.test(file)) return openDarknet(file, reach);
  if (/\.(txt|names)$/i.test(file)) return openFolder(file);
  return openYaml(file, reach);
}

async function openYaml(file: string, { allowOutside = false }: Reach): Promise<YoloLayout> {
  const config = parseYaml(await readText(file), file);
  const classes = inFile(file, () => namesOf(config));
  const own = dirname(file);
  const path = config.path === undefined || config.path === null ? '.' : String(config.path);
  // From the file, as most people mean it; and from the folder of the caller, as Ultralytics.
  const fromCaller = path === '.' ? [] : [resolve(portable(path))];
  const roots = isAbsolute(path) ? [path, own] : unique([join(own, portable(path)), ...fromCaller, own]);
  const keys = Object.keys(config).filter((key) => !NOT_SPLITS.has(key) && isPaths(config[key]));
  return {
    file,
    classes,
    splits: keys,
    images: async (split) => {
      const key = config[split] === undefined && split === 'val' && config.valid !== undefined ? 'valid' : split;
      const value = config[key];
      const entries = Array.isArray(value) ? value : [value];
      const images: string[] = [];
      for (const [i, entry] of entries.entries()) {
        const field = Array.isArray(value) ? `${key}[${i}]` : key;
        const text = inFile(file, () => {
          if (entry === undefined || entry === null) {
            throw new FieldError(field, `a split is a key of the file; it has ${keys.join(', ') || 'none'}`, entry);
          }
          return textAt(entry, field);
        });
        append(
          images,
          await imagesAt(found(text, roots, file, field, allowOutside), { roots, field, file, allowOutside }),
        );
      }
      return images;
    },
  };
}

const NOT_SPLITS = new Set(['path', 'names', 'nc', 'download', 'yaml_file', 'channels', 'kpt_shape', 'flip_idx']);

function isPaths(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

/** `classes`, `train`, `valid` and `names` as lines of `key = value`. */
async function openDarknet(file: string, { allowOutside = false }: Reach): Promise<YoloLayout> {
  const lines = (await readText(file)).split(/\r?\n/).filter((line) => /^\s*[^#\s].*=/.test(line));
  const values = new Map(
    lines.map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
  const roots = unique([dirname(file), process.cwd()]);
  const at = (key: string) => {
    const value = values.get(key);
    if (!value)
      throw malformed(file, key, { rule: `the file has the keys ${[...values.keys()].join(', ')}`, received: 'none' });
    return found(value, roots, file, key, allowOutside);
  };
  const classes = linesOf(await readText(at('names')));
  checkCount(values.has('classes') ? Number(values.get('classes')) : undefined, classes, file, 'classes');
  const splits = ['train', 'valid', 'test'].filter((key) => values.has(key));
  return {
    file,
    classes,
    splits: splits.map((key) => (key === 'valid' ? 'val' : key)),
    images: (split) => {
      const key = split === 'val' ? 'valid' : split;
      return imagesAt(at(key), { roots, field: key, file, allowOutside });
    },
  };
}

/** A list of classes beside `images/` (or images themselves, or a `train.txt`): one split. */
async function openFolder(file: string): Promise<YoloLayout> {
  const classes = linesOf(await readText(file));
  const folder = dirname(file);
  const images = join(folder, 'images');
  const lists = ['train', 'val', 'valid', 'test'].filter(
    (name) => existsSync(join(images, name)) || existsSync(join(folder, `${name}.txt`)),
  );
  return {
    file,
    classes,
    splits: lists.length > 0 ? lists : ['train'],
    images: async (split) => {
      const options = { roots: [folder], field: split, file, allowOutside: false };
      if (existsSync(join(images, split))) return imageFiles(join(images, split));
      if (existsSync(join(folder, `${split}.txt`))) return imagesAt(join(folder, `${split}.txt`), options);
      if (split !== 'train') {
        throw malformed(file, split, { rule: 'a folder without lists is one split, train', received: `'${split}'` });
      }
      return imageFiles(existsSync(images) ? images : folder);
    },
  };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function parseYaml(text: string, file: string): Fields {
  let value: unknown;
  try {
    // Few aliases: a small file must not become a huge value.
    value = parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (cause) {
    throw malformed(file, '', { rule: 'a YAML file is correct', received: (cause as Error).message.split('\n')[0]! });
  }
  return inFile(file, () => fieldsAt(value, ''));
}

function namesOf({ names, nc }: Fields): string[] {
  const classes = listedNames(names);
  checkCount(nc, classes, '', 'nc');
  return classes;
}

function listedNames(names: unknown): string[] {
  if (Array.isArray(names)) return names.map((name, i) => textAt(nameText(name), `names[${i}]`));
  const map = fieldsAt(names, 'names');
  return Array.from({ length: Object.keys(map).length }, (_, i) => {
    if (map[i] === undefined) throw new FieldError(`names.${i}`, 'classes are numbered 0, 1, …', Object.keys(map));
    return textAt(nameText(map[i]), `names.${i}`);
  });
}

function nameText(name: unknown): unknown {
  return typeof name === 'number' || typeof name === 'boolean' ? String(name) : name;
}

/** @throws FieldError, or NatsError with a file, if a number of classes is not that of the names */
function checkCount(count: unknown, classes: readonly string[], file: string, field: string): void {
  if (count === undefined || count === null || Number(count) === classes.length) return;
  const rule = `the number of classes is that of the names, ${classes.length} (${classes.slice(0, 5).join(', ')}${classes.length > 5 ? ', …' : ''})`;
  if (file === '') throw new FieldError(field, rule, count);
  throw malformed(file, field, { rule, received: shown(count) });
}

interface ListOptions {
  readonly roots: readonly string[];
  readonly file: string;
  readonly field: string;
  readonly allowOutside: boolean;
}

/** The images of a folder, or of a text file with one path a line. */
async function imagesAt(path: string, options: ListOptions): Promise<string[]> {
  if (statSync(path).isDirectory()) return imageFiles(path);
  if (!/\.txt$/i.test(path)) return [path];
  const roots = unique([dirname(path), ...options.roots]);
  const images: string[] = [];
  for (const [i, line] of (await readText(path)).split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === '') continue;
    const image = existingAt(text, roots) ?? existingAt(text.split(/\s+/)[0]!, roots);
    const named = image ?? (isAbsolute(text) ? text : join(roots[0]!, ...pathParts(text)));
    checkReach(named, text, roots, path, `line ${i + 1}`, options.allowOutside);
    images.push(named);
  }
  return images;
}

/** Windows separators, without the drive. */
function portable(path: string): string {
  const isForeign = /^[A-Za-z]:[\\/]|\\/.test(path);
  return isForeign ? pathParts(path).join('/') : path;
}

/**
 * The file or folder that a path means: from one of the roots; else its longest tail that exists below one, so that
 * `../train/images`, `project/train/images` and absolute paths of another machine are found.
 */
function existingAt(path: string, roots: readonly string[]): string | undefined {
  checkName(path);
  if (isAbsolute(path) && existsSync(path)) return path;
  const parts = pathParts(path);
  if (!isAbsolute(path)) {
    // A path that climbs is first looked for without climbing, as Roboflow means its `../train/images`.
    const straight = parts.filter((part) => part !== '..');
    for (const root of roots)
      if (straight.length > 0 && existsSync(join(root, ...straight))) return join(root, ...straight);
    for (const root of roots) if (existsSync(join(root, ...parts))) return join(root, ...parts);
  }
  const names = parts.filter((part) => part !== '..');
  for (let from = 1; from < names.length; from++) {
    for (const root of roots) {
      const candidate = join(root, ...names.slice(from));
      if (existsSync(candidate)) return candidate;
    }
  }
  return undefined;
}

function found(path: string, roots: readonly string[], file: string, field: string, allowOutside: boolean): string {
  const existing = existingAt(path, roots);
  if (existing === undefined) {
    throw malformed(file, field, {
      rule: 'a path leads to a folder or list of images',
      received: `'${path}', of which nothing exists`,
      limit: `looked for it, and for what it ends with, in ${roots.join(', ')}`,
    });
  }
  checkReach(existing, path, roots, file, field, allowOutside);
  return existing;
}

/** Relative paths stay in the dataset; an absolute one is what its writer means. */
function checkReach(
  existing: string,
  path: string,
  roots: readonly string[],
  file: string,
  field: string,
  allowed: boolean,
): void {
  if (allowed || isAbsolute(path) || roots.some((root) => isInside(existing, root))) return;
  throw malformed(file, field, {
    rule: "paths stay in the dataset's folder",
    received: `'${path}'`,
    limit: `${roots[0]}; data.allowOutside true takes what lies elsewhere`,
  });
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}

/** Splits that a YOLO dataset names: `train`, `val`, `test`. */
export async function yoloSplits(path: string): Promise<readonly string[]> {
  const { splits } = await openYolo(path);
  return splits.map((split) => (split === 'valid' ? 'val' : split));
}
