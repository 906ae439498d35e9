import { basename, join } from 'node:path';
import { isLargeFile, readLists, readWhole } from '../files/read-lists.js';
import { packPolygons } from '../masks/packed-polygons.js';
import { categoriesOf, idAt, type Key, rootOf, rootProblem } from './coco-categories.js';
import { objectOf, partsOf } from './coco-object.js';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { type DecodeOptions, readImageSize } from './decode-image.js';
import { FieldError, type Fields, fieldsAt, inFile, isFields, numberAt, sideAt, textAt } from './fields.js';
import { imageFault } from './image-fault.js';
import { createImageFinder, type ImageFinder } from './image-files.js';
import { inParallel } from './in-parallel.js';
import { otherJson } from './other-json.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type DataProblem, type ProblemPolicy } from './problems.js';
import { createSeenIds } from './seen-ids.js';
import { segmentationAt } from './segmentation-field.js';

/**
 * What becomes of masks: `keep` (default) checks and keeps them; `require` lists each object, but crowds, that has none;
 * `ignore`, for detectors of boxes, doesn't look at them.
 */
export type MaskPolicy = 'keep' | 'require' | 'ignore';

interface ParseOptions {
  /** Folder that the images' `file_name`s start from. */
  readonly images: string;
  /** Default `error`. */
  readonly onProblem?: ProblemPolicy;
  /** Default: the file's name. */
  readonly name?: string;
  readonly masks?: MaskPolicy;
}

/** Options of `readCoco`. */
export interface ReadCocoOptions extends ParseOptions {
  /** Of images whose size the file lacks; default `apply`. */
  readonly orientation?: DecodeOptions['orientation'];
  /** Whether `file_name`s may lead out of the folder of images; default false. */
  readonly allowOutside?: boolean;
  /** Bytes from which on a file is read item by item, with the same result; default 4 MiB. */
  readonly streamFrom?: number;
  /** Bytes from which on the polygons of a file that is read so are packed (`plainSegmentation`); default 64 MiB. */
  readonly packFrom?: number;
}

/**
 * Reads instances in COCO's format: classes are its categories in order of their ids, boxes `[x, y, width, height]`, masks
 * checked and drawn when they are needed. Images whose names do not lead to a file from `images` on are looked for by the
 * longest tail of their paths. Images are opened only where the file lacks their size (or has 0 or -1).
 * @throws NatsError `malformed` for a file that is not in the format, and for single broken annotations unless `onProblem`
 * is `drop`; IO errors pass through
 */
export async function readCoco(file: string, options: ReadCocoOptions): Promise<Dataset> {
  const finder = await createImageFinder(options.images, options.allowOutside);
  const streamed = (await isLargeFile(file, options.streamFrom))
    ? await readItemwise(file, options, finder)
    : undefined;
  if (streamed) return streamed;
  const lists = listsOf(await readWhole(file), file);
  return parse(lists, file, options, { finder, sizes: await missingSizes(lists.images, finder, options) });
}

/** Size from which on polygons are packed, in bytes: below, memory is no matter. */
const PACKED = 2 ** 26;

/**
 * The same in two readings of the file, of images and categories first and then of annotations: none of a file of any size is
 * in memory but what a dataset keeps.
 * @returns nothing for a file that is to be read whole
 */
async function readItemwise(file: string, options: ReadCocoOptions, finder: ImageFinder): Promise<Dataset | undefined> {
  const images: unknown[] = [];
  const categories: unknown[] = [];
  const areThere = await readLists(file, {
    images: (item) => void images.push(isFields(item) ? ownImageFields(item) : item),
    categories: (item) => void categories.push(item),
  });
  if (!areThere) return undefined;
  const sizes = await missingSizes(images, finder, options);
  const isPacked = await isLargeFile(file, options.packFrom ?? PACKED);
  const builder = createBuilder({ images, categories }, file, options, { finder, sizes, isPacked });
  const isRead = await readLists(file, { annotations: builder.annotation });
  return isRead ? builder.finish() : undefined;
}

/** Fields of an image that are looked at. */
function ownImageFields(image: Fields): Fields {
  const { id, width, height } = image;
  return { id, file_name: fileNameOf(image), width, height };
}

/** LVIS names its images by COCO's addresses alone, `…/val2017/000000397133.jpg`: of two of COCO's splits. */
function fileNameOf({ file_name, coco_url }: Fields): unknown {
  if (file_name !== undefined || typeof coco_url !== 'string') return file_name;
  return coco_url.split('/').slice(-2).join('/');
}

/** `readCoco` of a value that was read before; files are not looked for. @param file its name, for messages */
export function parseCoco(value: unknown, file: string, options: ParseOptions): Dataset {
  const finder: ImageFinder = (name) => ({ file: join(options.images, name) });
  return parse(listsOf(value, file), file, options, { finder, sizes: new Map() });
}

interface Lists {
  readonly images: readonly unknown[];
  readonly categories: readonly unknown[];
  readonly annotations: readonly unknown[];
}

function listsOf(value: unknown, file: string): Lists {
  return inFile(file, () => {
    const list = (key: string): readonly unknown[] => {
      const found = isFields(value) ? value[key] : undefined;
      if (Array.isArray(found)) return found;
      const other = otherJson(value);
      const rule = `annotations in COCO's format have the lists images, annotations and categories${other ? `; ${other}` : ''}`;
      throw new FieldError(isFields(value) ? key : '', rule, isFields(value) ? found : value);
    };
    return { annotations: list('annotations'), categories: list('categories'), images: list('images') };
  });
}

type Size = { readonly width: number; readonly height: number };
type Fault = { readonly rule: string; readonly received: string };

/** Where images are, and what their headers say, by position in the file's list. */
interface Opened {
  readonly finder: ImageFinder;
  readonly sizes: ReadonlyMap<number, Size | Fault>;
  /** Whether polygons are packed. */
  readonly isPacked?: boolean;
}

async function missingSizes(
  images: readonly unknown[],
  finder: ImageFinder,
  { orientation = 'apply' }: ReadCocoOptions,
) {
  const lacking: { readonly at: number; readonly file: string }[] = [];
  for (const [at, image] of images.entries()) {
    if (!isFields(image)) continue;
    const name = fileNameOf(image);
    if (typeof name !== 'string') continue;
    if (!isUnknown(image.width) && !isUnknown(image.height)) continue;
    const found = finder(name);
    if ('file' in found) lacking.push({ at, file: found.file });
  }
  const sizes = new Map<number, Size | Fault>();
  await inParallel(lacking, async ({ at, file }) => {
    const size = await readImageSize(file, { orientation }).catch((error: unknown): Fault => imageFault(error));
    sizes.set(at, size);
  });
  return sizes;
}

/** Sides that tools write where they do not know them. */
function isUnknown(side: unknown): boolean {
  return side === undefined || side === null || side === '' || Number(side) === 0 || Number(side) === -1;
}

function parse(lists: Lists, file: string, options: ParseOptions, opened: Opened): Dataset {
  const builder = createBuilder(lists, file, options, opened);
  for (const [i, item] of lists.annotations.entries()) builder.annotation(item, i);
  return builder.finish();
}

/** Takes annotations one after the other. */
interface Builder {
  readonly annotation: (item: unknown, index: number) => void;
  finish(): Dataset;
}

function createBuilder(
  lists: Omit<Lists, 'annotations'>,
  file: string,
  options: ParseOptions,
  opened: Opened,
): Builder {
  const { masks = 'keep' } = options;
  const list = createProblemList();
  const categories = inFile(file, () => categoriesOf(lists.categories));
  const root = rootOf(categories);
  const labels = new Map(categories.map(({ key }, label) => [key, label]));
  const images = imagesOf(lists.images, file, opened, list);
  const ids = createSeenIds<Key>();
  const inThisFile = { file };
  let isRootUsed = false;

  /** Fields are named from the annotation on. */
  const objectAt = (item: unknown, i: number) => {
    const annotation = fieldsAt(item, '');
    const id = idAt(annotation.id, 'id');
    if (!ids.add(id)) throw new AnnotationError('duplicate', 'id', 'ids of annotations are different', id);
    const imageId = idAt(annotation.image_id, 'image_id');
    const image = images.get(imageId);
    if (image === undefined) {
      const rule = 'an annotation is of a known image';
      throw new AnnotationError('reference', 'image_id', rule, annotation.image_id);
    }
    if (image === null) return undefined;
    const parts = partsOf(annotation, labels);
    if (id === 0) list.add(zeroIdProblem(file, annotationName(i), image.id));
    const isZero = id === 0;
    if (masks === 'ignore') return { image, object: objectOf(parts, isZero, undefined) };
    const segmentation = segmentationAt(annotation.segmentation, 'segmentation', image, id);
    if (!segmentation && masks === 'require' && !parts.crowd) {
      const rule = `an object has a mask, for a detector that gives masks, in annotation ${id}`;
      throw new AnnotationError('mask', 'segmentation', rule, annotation.segmentation);
    }
    const kept = (opened.isPacked && segmentation && packPolygons(segmentation)) || segmentation;
    return { image, object: objectOf(parts, isZero, kept) };
  };

  return {
    annotation: (item, i) => {
      if (root && isFields(item) && String(item.category_id) === String(root.key)) isRootUsed = true;
      const found = list.attempt(
        inThisFile,
        'annotation dropped',
        () => objectAt(item, i),
        () => annotationName(i),
      );
      if (!found) return;
      const { image, object } = found;
      const where = () => ({ file, field: `${annotationName(i)}.bbox`, image: image.id });
      const box = list.box(object.box, image, where);
      if (box) image.objects.push(box === object.box ? object : { ...object, box });
    },
    finish: () => {
      const isDropped = root !== undefined && !isRootUsed;
      if (isDropped) list.first(rootProblem(root, file));
      applyPolicy(list.problems, options.onProblem ?? 'error');
      const records = [...images.values()].filter((image) => image !== null);
      if (isDropped) dropLabel(records, categories.indexOf(root));
      const kept = isDropped ? categories.filter((category) => category !== root) : categories;
      const areNumbers = kept.every(({ number }) => number !== undefined);
      return {
        name: options.name ?? basename(file),
        classes: kept.map(({ name }) => name),
        ...(areNumbers && { categoryIds: kept.map(({ number }) => number!) }),
        records,
        problems: list.problems,
      };
    },
  };
}

function annotationName(i: number): string {
  return `annotations[${i}]`;
}

function zeroIdProblem(file: string, field: string, image: string): DataProblem {
  return {
    kind: 'reference',
    image,
    file,
    field: `${field}.id`,
    rule: 'ids of annotations are at least 1: evaluations, as pycocotools, count the object of id 0 as missed',
    received: '0',
    remedy: 'none',
    severity: 'warning',
  };
}

/** Labels after one that no object has. */
function dropLabel(records: readonly OpenRecord[], dropped: number): void {
  for (const { objects } of records) {
    for (const [k, object] of objects.entries()) {
      if (object.label > dropped) objects[k] = { ...object, label: object.label - 1 };
    }
  }
}

type OpenRecord = Omit<DatasetRecord, 'objects'> & { readonly objects: DatasetObject[] };

/** Images by id; null for those that are left out, whose annotations are no further problem. */
function imagesOf(
  items: readonly unknown[],
  file: string,
  opened: Opened,
  list: ProblemList,
): Map<Key, OpenRecord | null> {
  const images = new Map<Key, OpenRecord | null>();
  const files = new Map<string, string>();
  for (const [i, item] of items.entries()) {
    const field = `images[${i}]`;
    list.attempt({ file }, 'image dropped', () => {
      const image = fieldsAt(item, field);
      const id = idAt(image.id, `${field}.id`);
      if (images.has(id)) throw new AnnotationError('duplicate', `${field}.id`, 'ids of images are different', id);
      images.set(id, null);
      const source = fileAt(textAt(fileNameOf(image), `${field}.file_name`), `${field}.file_name`, opened.finder);
      const other = files.get(source);
      if (other !== undefined) {
        const rule = `an image is listed once; ${other} has the same file`;
        throw new AnnotationError('duplicate', `${field}.file_name`, rule, image.file_name);
      }
      files.set(source, field);
      const size = sizeAt(image, field, opened.sizes.get(i));
      images.set(id, { id: String(id), source: { file: source }, ...size, objects: [] });
    });
  }
  return images;
}

function fileAt(name: string, field: string, finder: ImageFinder): string {
  if (name.includes('\0')) throw new FieldError(field, 'a path has no NUL character', name);
  const found = finder(name);
  if ('file' in found) return found.file;
  if ('ambiguous' in found) {
    const rule = `a file's name leads to one image; ${found.ambiguous.length} end alike: ${found.ambiguous.slice(0, 3).join(', ')}`;
    throw new AnnotationError('image', field, rule, name);
  }
  const rule = 'names of images stay in their folder; data.allowOutside true takes what lies elsewhere';
  throw new AnnotationError('image', field, rule, name);
}

function sizeAt(image: Fields, field: string, measured: Size | Fault | undefined): Size {
  if (measured && 'rule' in measured) {
    throw new AnnotationError(
      'image',
      field,
      `${measured.rule}, where the file has no width and height`,
      measured.received,
    );
  }
  if (measured) return measured;
  const side = (key: 'width' | 'height') => {
    const value = image[key];
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return sideAt(numberAt(number, `${field}.${key}`), `${field}.${key}`);
  };
  return { width: side('width'), height: side('height') };
}
