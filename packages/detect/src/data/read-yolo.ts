import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { malformed } from '@nats/graph';
import { parse } from 'yaml';
import type { Box } from './box.js';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { readImageSize } from './decode-image.js';
import { FieldError, type Fields, fieldsAt, inFile, numberInText, textAt } from './fields.js';
import { imageFault } from './inspect-dataset.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type ProblemPolicy } from './problems.js';

export interface ReadYoloOptions {
  /** A key of the YAML file with images: `train`, `val`, `test`. */
  readonly split: string;
  /** Default `error`. */
  readonly onProblem?: ProblemPolicy;
  /** Default: file and split. */
  readonly name?: string;
}

const EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.webp', '.bmp', '.gif', '.tif', '.tiff', '.avif']);

/**
 * Reads a dataset in the format of the YOLO tools: a YAML file with `names` (a list, or a map from numbers), `path`
 * (optional, the folder that others start from) and a folder, a list of folders, or a text file of images for each
 * split; for each image `images/…/x.jpg` a file `labels/…/x.txt` with a line `class x y width height` for each object,
 * centre and size as shares of the image. Lines with more numbers are polygons. An image without such a file has no
 * objects. Opens the header of every image for its size.
 * @param file the YAML file, or the folder of its `data.yaml`
 * @throws NatsError `malformed` for files that are not in the format, and for single broken annotations and images
 * unless `onProblem` is `drop`; IO errors pass through
 */
export async function readYolo(file: string, options: ReadYoloOptions): Promise<Dataset> {
  const { split, onProblem = 'error' } = options;
  const yaml = statSync(file).isDirectory() ? join(file, 'data.yaml') : file;
  const config = parseYaml(await readFile(yaml, 'utf8'), yaml);
  const classes = inFile(yaml, () => namesOf(config.names));
  const list = createProblemList();
  const records: DatasetRecord[] = [];
  const ids = new Map<string, number>();
  for (const image of await imagesOf(config, yaml, split)) {
    const record = await recordOf(image, classes, list);
    if (!record) continue;
    // Images of several folders may have the same name.
    const count = ids.get(record.id) ?? 0;
    ids.set(record.id, count + 1);
    records.push(count === 0 ? record : { ...record, id: image });
  }
  applyPolicy(list.problems, onProblem);
  return { name: options.name ?? `${yaml}/${split}`, classes, records, problems: list.problems };
}

function parseYaml(text: string, file: string): Fields {
  let value: unknown;
  try {
    // Few aliases: a small file must not become a huge value.
    value = parse(text, { maxAliasCount: 20 });
  } catch (cause) {
    throw malformed(file, '', { rule: 'a YAML file is correct', received: (cause as Error).message });
  }
  return inFile(file, () => fieldsAt(value, ''));
}

function namesOf(names: unknown): string[] {
  if (Array.isArray(names)) return names.map((name, i) => textAt(String(name), `names[${i}]`));
  const map = fieldsAt(names, 'names');
  return Array.from({ length: Object.keys(map).length }, (_, i) => {
    if (map[i] === undefined) throw new FieldError(`names.${i}`, 'classes are numbered 0, 1, …', Object.keys(map));
    return textAt(String(map[i]), `names.${i}`);
  });
}

async function imagesOf(config: Fields, yaml: string, split: string): Promise<string[]> {
  const value = config[split];
  const entries = Array.isArray(value) ? value : [value];
  const root = resolveFrom(dirname(yaml), config.path === undefined ? '.' : String(config.path));
  const images: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const field = Array.isArray(value) ? `${split}[${i}]` : split;
    const path = resolveFrom(
      root,
      inFile(yaml, () => textAt(entry, field)),
    );
    if (path.endsWith('.txt')) {
      const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
      images.push(...lines.filter((line) => line !== '').map((line) => resolveFrom(dirname(path), line)));
    } else {
      images.push(...(await filesBelow(path)));
    }
  }
  return images;
}

function resolveFrom(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The last folder `images` becomes `labels`, the extension `.txt`. */
function labelFile(image: string): string {
  const parts = image.split(/[\\/]/);
  const at = parts.lastIndexOf('images', parts.length - 2);
  if (at >= 0) parts[at] = 'labels';
  const path = parts.join('/');
  return `${path.slice(0, path.length - extname(path).length)}.txt`;
}

async function recordOf(
  image: string,
  classes: readonly string[],
  list: ProblemList,
): Promise<DatasetRecord | undefined> {
  const id = basename(image, extname(image));
  let size: { width: number; height: number };
  try {
    size = await readImageSize(image);
  } catch (error) {
    list.add({ kind: 'image', image: id, file: image, field: '', ...imageFault(error), remedy: 'image dropped' });
    return undefined;
  }
  const file = labelFile(image);
  const lines = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [];
  const objects: DatasetObject[] = [];
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const field = `line ${i + 1}`;
    const object = list.attempt({ file, image: id }, 'annotation dropped', () => objectOf(line, field, size, classes));
    const box = object && list.box(object.box, size, { file, field, image: id });
    if (box) objects.push({ ...object, box });
  }
  return { id, source: { file: image }, ...size, objects };
}

type Size = { readonly width: number; readonly height: number };

function objectOf(line: string, field: string, size: Size, classes: readonly string[]): DatasetObject {
  const numbers = line
    .trim()
    .split(/\s+/)
    .map((text) => numberInText(text, field));
  const [label, ...values] = numbers as [number, ...number[]];
  if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
    throw new AnnotationError('reference', field, `a class is a number from 0 to ${classes.length - 1}`, label);
  }
  const absolute = values.map((value, i) => value * (i % 2 === 0 ? size.width : size.height));
  if (values.length === 4) {
    const [x, y, width, height] = absolute as [number, number, number, number];
    return { box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2], label };
  }
  if (values.length < 6 || values.length % 2 === 1) {
    throw new FieldError(field, 'a line is a class, then x y width height or a polygon', line.trim());
  }
  return { box: boundsOf(absolute), label, segmentation: [absolute] };
}

function boundsOf(polygon: readonly number[]): Box {
  const xs = polygon.filter((_, i) => i % 2 === 0);
  const ys = polygon.filter((_, i) => i % 2 === 1);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
