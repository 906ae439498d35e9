import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { malformed } from '@nats/graph';
import { checkName, linesIn, readText } from '../files/read-file.js';
import { append } from './append.js';
import { FieldError, type Fields, fieldsAt, inFile, isFields, listAt, shown, sideAt, textAt } from './fields.js';
import { imageFiles, isInside, pathParts } from './image-files.js';
import { otherLayout } from './other-layout.js';

/** Where a YOLO dataset says that its classes and images are. */
export interface YoloLayout {
  /** The file that says it, for messages. */
  readonly file: string;
  readonly classes: readonly string[];
  /** Names of splits that it has. */
  readonly splits: readonly string[];
  /** Numbers after the box in a line of labels: keypoints, which no detector here reads. */
  readonly keypointNumbers?: number;
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
    names.find((name) => /\.data$/i.test(name)) ??
    PLACES.flatMap((place) => NAME_LISTS.map((name) => join(place, name))).find((name) => existsSync(join(path, name)));
  const chosen = yaml ?? other;
  if (chosen !== undefined) return openFile(join(path, chosen), reach);
  const rule = "a YOLO folder has a data.yaml, Darknet's obj.data, or a classes.txt";
  if (yamls.length > 1) {
    const received = `several YAML files: ${yamls.join(', ')}`;
    throw malformed(path, '', { rule, received, limit: 'name the file itself (data.path)' });
  }
  const received = `only ${names.slice(0, 8).join(', ') || 'an empty folder'}`;
  const wayOut = 'write classes.txt, with a name a line, or name the file (data.path)';
  throw malformed(path, '', { rule, received, limit: (await otherLayout(path, 'yolo')) ?? wayOut });
}

function openFile(file: string, reach: Reach): Promise<YoloLayout> {
  if (/\.data$/i.test(file)) return openDarknet(file, reach);
  if (/\.(txt|names|labels)$/i.test(file)) return openFolder(file);
  return openYaml(file, reach);
}

async function openYaml(file: string, { allowOutside = false }: Reach): Promise<YoloLayout> {
  const text = await readText(file);
  checkIsYaml(text, file);
  const config = await parseYaml(text, file);
  const own = dirname(file);
  const listed = await listOfNames(config.names, own);
  const classes = inFile(file, () => namesOf(config, listed));
  const path = config.path === undefined || config.path === null ? '.' : String(config.path);
  const roots = rootsOf(path, own);
  const keypointNumbers = inFile(file, () => keypointsOf(config));
  const keys = Object.keys(config).filter((key) => !NOT_SPLITS.has(key) && isPaths(config[key]));
  return {
    file,
    classes,
    splits: keys,
    ...(keypointNumbers !== undefined && { keypointNumbers }),
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

/** JSON is YAML too: without this, a file of another format only lacks its names. */
function checkIsYaml(text: string, file: string): void {
  const start = text.trimStart();
  const rule = "a YOLO dataset's file is YAML, with names and the folders of images";
  if (start.startsWith('<')) {
    throw malformed(file, '', {
      rule,
      received: /^<(!doctype\s+html|html)/i.test(start) ? 'a web page (HTML)' : 'XML',
      limit: "download the file itself; data.format 'voc' reads annotations in XML",
    });
  }
  if (/\.(nd)?jsonl?$/i.test(file) && /^[{[]/.test(start) && !/"names"\s*:/.test(start)) {
    throw malformed(file, '', {
      rule,
      received: 'JSON without names',
      limit: "data.format 'coco' reads COCO's JSON; of other tools, export COCO, VOC or YOLO",
    });
  }
}

/**
 * Folders that a dataset's paths start from. `path` is relative to the file, as most people mean it, to the folder of the
 * caller, or to a folder `datasets` in or beside one of these, where Ultralytics keeps them.
 */
function rootsOf(path: string, own: string): string[] {
  if (path === '.') return [own];
  if (isAbsolute(path)) return [path, own];
  const bases = [own, process.cwd()];
  const names = pathParts(path).filter((part) => part !== '..');
  const inDatasets = names[0] === 'datasets' ? names : ['datasets', ...names];
  const ancestors = bases.flatMap((base) => [base, dirname(base), dirname(dirname(base))]);
  const shared = ancestors.map((base) => join(base, ...inDatasets)).filter((root) => existsSync(root));
  return unique([...bases.map((base) => join(base, portable(path))), ...shared, own]);
}

/** `[17, 3]`: seventeen points of three numbers each. */
function keypointsOf({ kpt_shape: shape }: Fields): number | undefined {
  if (shape === undefined || shape === null) return undefined;
  const [points, numbers] = listAt(shape, 'kpt_shape').map((side, i) => sideAt(side as number, `kpt_shape[${i}]`));
  return (points ?? 0) * (numbers ?? 0);
}

const NOT_SPLITS = new Set(['path', 'names', 'nc', 'download', 'yaml_file', 'channels', 'kpt_shape', 'flip_idx']);

function isPaths(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

/** `classes`, `train`, `valid` and `names` as lines of `key = value`. */
async function openDarknet(file: string, { allowOutside = false }: Reach): Promise<YoloLayout> {
  const lines = linesIn(await readText(file)).filter((line) => /^\s*[^#\s].*=/.test(line));
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
      throw malformed(file, key, {
        rule: `a split is a key of the file, which has ${[...values.keys()].join(', ') || 'none'}`,
        received: 'none',
      });
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

/** Names of lists of classes: Label Studio's and LabelImg's, CVAT's, makesense.ai's, Roboflow's. */
const NAME_LISTS = ['classes.txt', 'obj.names', 'labels.txt', 'classes.names', '_darknet.labels'];
/** Folders in which such a list may lie beside images or labels. */
const PLACES = ['.', 'labels', 'images', 'train', 'labels/train'];

function datasetFolder(file: string): string {
  const folder = dirname(file);
  const name = basename(folder);
  if (name === 'train' && basename(dirname(folder)) === 'labels') return dirname(dirname(folder));
  return ['labels', 'images', 'train'].includes(name) ? dirname(folder) : folder;
}

/**
 * A list of classes with images and one file of labels each: `images/` and `labels/` beside it, or above it; a folder or a
 * list for each split; or images themselves. What has neither folders nor lists is one split.
 */
async function openFolder(file: string): Promise<YoloLayout> {
  const names = linesOf(await readText(file));
  if (names.length > 0 && names.every((name) => /\.(jpe?g|png|bmp|webp|tiff?)$/i.test(name))) {
    throw malformed(file, 'line 1', {
      rule: 'a list of classes has a name a line',
      received: `'${names[0]}', an image`,
      limit: 'name the YAML file or classes.txt in data.path; lists of images are named by its train and val',
    });
  }
  const classes = inFile(file, () => distinct(names, ''));
  const folder = datasetFolder(file);
  const images = join(folder, 'images');
  /** Where the images of a split are, if it has a place of its own. */
  const placeOf = (split: string) =>
    [
      join(images, split),
      join(folder, `${split}.txt`),
      join(folder, split),
      ...(split === 'val' ? [join(images, 'valid'), join(folder, 'valid.txt'), join(folder, 'valid')] : []),
    ].find((place) => existsSync(place));
  const lists = ['train', 'val', 'test'].filter((name) => placeOf(name) !== undefined);
  return {
    file,
    classes,
    splits: lists.length > 0 ? lists : ['train'],
    images: async (split) => {
      const options = { roots: [folder], field: split, file, allowOutside: false };
      const place = placeOf(split);
      if (place !== undefined) return imagesAt(place, options);
      if (split !== 'train') {
        throw malformed(file, split, { rule: 'a folder without lists is one split, train', received: `'${split}'` });
      }
      return imageFiles(existsSync(images) ? images : folder);
    },
  };
}

function linesOf(text: string): string[] {
  const lines = linesIn(text).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

async function parseYaml(text: string, file: string): Promise<Fields> {
  // Loaded here: what reads no YAML starts without it.
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    // Few aliases: a small file must not become a huge value.
    value = parse(text, { maxAliasCount: 20, logLevel: 'error' });
  } catch (cause) {
    throw malformed(file, '', { rule: 'a YAML file is correct', received: (cause as Error).message.split('\n')[0]! });
  }
  return inFile(file, () => fieldsAt(value, ''));
}

/** Names in a file of their own, one a line, as the YOLO tools before Ultralytics' have them. */
async function listOfNames(names: unknown, folder: string): Promise<string[] | undefined> {
  if (typeof names !== 'string' || !/\.(names|txt)$/i.test(names)) return undefined;
  const file = existingAt(names, [folder, process.cwd()]);
  return file === undefined ? undefined : linesOf(await readText(file));
}

function namesOf({ names, nc }: Fields, listed: readonly string[] | undefined): string[] {
  const classes = listedNames(listed ?? names);
  checkCount(nc, classes, '', 'nc');
  return distinct(classes, 'names');
}

/** @throws FieldError for a name that two classes have: results are told by name */
function distinct(classes: string[], field: string): string[] {
  const twice = classes.find((name, i) => classes.indexOf(name) < i);
  if (twice !== undefined) throw new FieldError(field, 'names of classes are different', twice);
  return classes;
}

function listedNames(names: unknown): string[] {
  if (Array.isArray(names)) return names.map((name, i) => textAt(nameText(name), `names[${i}]`));
  if (!isFields(names)) {
    const rule = 'classes are a list of names, [cat, dog], a map from numbers, {0: cat, 1: dog}, or a file of names';
    throw new FieldError('names', rule, names);
  }
  const map = names;
  return Array.from({ length: Object.keys(map).length }, (_, i) => {
    if (map[i] === undefined) {
      const rule = `classes are numbered 0, 1, … without gaps; give ${i} a name, or number the classes anew, in the labels too`;
      throw new FieldError(`names.${i}`, rule, Object.keys(map));
    }
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
  for (const [i, line] of linesIn(await readText(path)).entries()) {
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
      limit: /[*?]/.test(path)
        ? 'patterns (*) are not expanded; name the folder'
        : `looked for it, and for what it ends with, in ${roots.join(', ')}`,
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
