import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { linesIn, readText } from '../files/read-file.js';
import type { Box } from './box.js';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { type DecodeOptions, readImageSize } from './decode-image.js';
import { FieldError, numberInText } from './fields.js';
import { imageFault } from './image-fault.js';
import { inParallel } from './in-parallel.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type ProblemPolicy } from './problems.js';
import { openYolo } from './yolo-layout.js';

/** Options of `readYolo`. */
export interface ReadYoloOptions {
  /** A key of the YAML file with images: `train`, `val`, `test`. */
  readonly split: string;
  /** Default `error`. */
  readonly onProblem?: ProblemPolicy;
  /** Default: file and split. */
  readonly name?: string;
  /** Of the images whose sizes are read; default `apply`. */
  readonly orientation?: DecodeOptions['orientation'];
  /** Whether relative paths may lead out of the dataset's folder; default false. */
  readonly allowOutside?: boolean;
}

/**
 * Reads a dataset in the format of the YOLO tools: a YAML file with `names` (a list, or a map from numbers), `path`
 * (optional, the folder that others start from) and a folder, a list of folders, or a text file of images for each
 * split, or what CVAT and Label Studio write instead (see `openYolo`); for each image `images/…/x.jpg` a file
 * `labels/…/x.txt` with a line `class x y width height` for each object, center and size as shares of the image. Lines with
 * more numbers are polygons, or have keypoints after the box where the YAML file has a `kpt_shape`. An image without such a file has no objects. Opens the header of every image for its size.
 * @param file the YAML file, or the folder of its `data.yaml`
 * @throws NatsError `malformed` for files that are not in the format, and for single broken annotations and images
 * unless `onProblem` is `drop`; IO errors pass through
 */
export async function readYolo(file: string, options: ReadYoloOptions): Promise<Dataset> {
  const { split, onProblem = 'error', orientation = 'apply', allowOutside = false } = options;
  const layout = await openYolo(file, { allowOutside });
  const { classes, keypointNumbers } = layout;
  const list = createProblemList();
  const images = await layout.images(split);
  if (images.length === 0) {
    const rule = 'a split has images';
    list.add({ kind: 'image', file: layout.file, field: split, rule, received: 'none', remedy: 'none' });
  }
  const opened = await inParallel(images, (image) => openImage(image, orientation));
  const records: DatasetRecord[] = [];
  const ids = new Map<string, number>();
  const unlabeled: string[] = [];
  const seen = new Set<string>();
  for (const [i, image] of images.entries()) {
    const id = basename(image, extname(image));
    if (seen.has(image)) {
      const rule = 'an image is listed once';
      const where = { image: id, file: layout.file, field: split };
      list.add({ kind: 'duplicate', ...where, rule, received: image, remedy: 'image dropped' });
      continue;
    }
    seen.add(image);
    const { size, fault, labels } = opened[i]!;
    if (!size || fault) {
      list.add({ kind: 'image', image: id, file: image, field: '', ...fault!, remedy: 'image dropped' });
      continue;
    }
    if (labels === undefined) unlabeled.push(image);
    const objects = objectsOf(labels ?? '', { file: labelFile(image), id, size, classes, keypointNumbers }, list);
    // Images of several folders may have the same name.
    const count = ids.get(id) ?? 0;
    ids.set(id, count + 1);
    records.push({ id: count === 0 ? id : image, source: { file: image }, ...size, objects });
  }
  await listMisplaced(unlabeled, records.length, list);
  applyPolicy(list.problems, onProblem);
  return {
    name: options.name ?? `${layout.file}/${split}`,
    classes,
    records,
    problems: list.problems,
    unlabeled: unlabeled.length,
  };
}

type Size = { readonly width: number; readonly height: number };

interface OpenedImage {
  readonly size?: Size;
  /** Of the image or, with its `file`, of its labels. */
  readonly fault?: { readonly rule: string; readonly received: string; readonly file?: string };
  /** Text of the file of labels, if there is one. */
  readonly labels?: string;
}

async function openImage(image: string, orientation: 'apply' | 'ignore'): Promise<OpenedImage> {
  const file = labelFile(image);
  let size: Size | undefined;
  try {
    size = await readImageSize(image, { orientation });
    return existsSync(file) ? { size, labels: await readText(file) } : { size };
  } catch (error) {
    return size === undefined ? { fault: imageFault(error) } : { size, fault: { ...imageFault(error), file } };
  }
}

/** The last folder `images` becomes `labels`, the extension `.txt`. */
function labelFile(image: string): string {
  const parts = image.split(/[\\/]/);
  const at = parts.lastIndexOf('images', parts.length - 2);
  if (at >= 0) parts[at] = 'labels';
  const path = parts.join('/');
  return `${path.slice(0, path.length - extname(path).length)}.txt`;
}

/** Says that images have no file of labels, and where such files are that nobody reads. */
async function listMisplaced(unlabeled: readonly string[], count: number, list: ProblemList): Promise<void> {
  const [first] = unlabeled;
  if (first === undefined) return;
  const elsewhere = await misplacedLabels(first);
  const where = { kind: 'labels' as const, file: labelFile(first), field: '', remedy: 'none' as const };
  const rule = 'the labels of an image are in the file of its name in labels/ beside images/';
  const received = `no such file for ${unlabeled.length} of ${count} images, the first of them ${first}`;
  if (elsewhere === undefined) {
    list.add({ ...where, rule: `${rule}; without it, an image has no objects`, received, severity: 'warning' });
  } else {
    const isForeign = /\.(json|xml)$/i.test(elsewhere);
    const way = isForeign
      ? `${elsewhere} is of another format (LabelMe's JSON, Pascal VOC): export YOLO, or set data.format 'voc' for XML`
      : `move or rename ${elsewhere}, where nobody looks`;
    list.add({ ...where, rule: `${rule}; ${way}`, received });
  }
}

/** A file that looks like the labels of an image, in a folder or under a name that is not looked for. */
async function misplacedLabels(image: string): Promise<string | undefined> {
  const stem = basename(image, extname(image));
  const expected = labelFile(image);
  const names = new Set(
    [`${stem}.txt`, `${stem}${extname(image)}.txt`, `${stem}.json`, `${stem}.xml`].map((name) => name.toLowerCase()),
  );
  const folder = dirname(image);
  const lower = folder.toLowerCase();
  const root = lower.split(sep).includes('images')
    ? folder.slice(0, lower.lastIndexOf(`${sep}images`))
    : dirname(folder);
  const beside = (await readdir(root, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && /label|annot|obj/i.test(entry.name))
    .map((entry) => join(root, entry.name));
  for (const place of [dirname(expected), folder, ...beside]) {
    const files = await readdir(place, { recursive: true }).catch(() => []);
    const match = files.find((name) => names.has(basename(name).toLowerCase()) && join(place, name) !== expected);
    if (match !== undefined) return join(place, match);
  }
  return undefined;
}

interface LabelContext {
  readonly file: string;
  readonly id: string;
  readonly size: Size;
  readonly classes: readonly string[];
  readonly keypointNumbers: number | undefined;
}

function objectsOf(text: string, context: LabelContext, list: ProblemList): DatasetObject[] {
  const { file, id, size } = context;
  const objects: DatasetObject[] = [];
  const lines = new Set<string>();
  for (const [i, line] of linesIn(text).entries()) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const field = `line ${i + 1}`;
    if (lines.has(trimmed)) {
      const rule = 'an object is labeled once';
      list.add({
        kind: 'duplicate',
        image: id,
        file,
        field,
        rule,
        received: trimmed,
        remedy: 'annotation dropped',
        severity: 'warning',
      });
      continue;
    }
    lines.add(trimmed);
    const object = list.attempt({ file, image: id }, 'annotation dropped', () => objectOf(trimmed, field, context));
    const box = object && list.box(object.box, size, () => ({ file, field, image: id }));
    if (box) objects.push({ ...object, box });
  }
  return objects;
}

const NUMBERS = 'a line is numbers with spaces between them: a class, then x y width height';

/** What a line that is none of YOLO's seems to be. */
function otherRow(line: string, texts: readonly string[]): string {
  if (texts.length === 1 && line.split(/[,;]/).length >= 5) return '; write spaces in place of its separators';
  if (texts.some((text) => /^-?\d*,\d+$/.test(text))) return '; write decimal points in place of commas';
  if (texts.length >= 15 && !Number.isFinite(Number(texts[0]))) return '; this looks like a row of KITTI';
  if (texts.length >= 9 && !Number.isFinite(Number(texts[8]))) return '; this looks like a row of DOTA, in pixels';
  if (!Number.isFinite(Number(texts[0]))) return '; the class is its number among the names';
  return '';
}

/** Beyond this, a share of the image must be meant as pixels. */
const MOST_SHARE = 2;

function objectOf(line: string, field: string, { size, classes, keypointNumbers }: LabelContext): DatasetObject {
  const texts = line.split(/\s+/);
  if (texts.some((text) => !Number.isFinite(Number(text)))) {
    throw new FieldError(field, `${NUMBERS}${otherRow(line, texts)}`, line);
  }
  const [label, ...numbers] = texts.map((text) => numberInText(text, field)) as [number, ...number[]];
  const hasKeypoints = keypointNumbers !== undefined && numbers.length === 4 + keypointNumbers;
  const values = hasKeypoints ? numbers.slice(0, 4) : numbers;
  if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
    throw new AnnotationError('reference', field, `a class is a number from 0 to ${classes.length - 1}`, label);
  }
  if (values.some((value) => Math.abs(value) > MOST_SHARE)) {
    throw new FieldError(field, 'coordinates are shares of the width and height of the image, not pixels', line);
  }
  const absolute = values.map((value, i) => value * (i % 2 === 0 ? size.width : size.height));
  if (values.length === 4) {
    const [x, y, width, height] = absolute as [number, number, number, number];
    return { box: [x - width / 2, y - height / 2, x + width / 2, y + height / 2], label };
  }
  if (values.length < 6 || values.length % 2 === 1 || keypointNumbers !== undefined) {
    const rule =
      keypointNumbers === undefined
        ? `a line is a class, then x y width height or a polygon${values.length === 5 ? '; a sixth number is the score of a prediction (save_conf), which labels have not' : ''}`
        : `a line is a class, then x y width height and, by kpt_shape, ${keypointNumbers} numbers of keypoints`;
    throw new FieldError(field, rule, line);
  }
  return { box: boundsOf(absolute), label, segmentation: [absolute] };
}

function boundsOf(polygon: readonly number[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < polygon.length; i += 2) {
    left = Math.min(left, polygon[i]!);
    right = Math.max(right, polygon[i]!);
    top = Math.min(top, polygon[i + 1]!);
    bottom = Math.max(bottom, polygon[i + 1]!);
  }
  return [left, top, right, bottom];
}
