import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { malformed, NatsError } from '@nats/graph';
import { decodeText, readBytes } from '../files/read-file.js';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { type DecodeOptions, readImageSize } from './decode-image.js';
import { FieldError, type Fields, fieldsAt, inFile, numberInText, sideAt, textAt } from './fields.js';
import { imageFault } from './image-fault.js';
import { pathParts } from './image-files.js';
import { inParallel } from './in-parallel.js';
import { loadXml, type XmlReader } from './load-xml.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type ProblemPolicy } from './problems.js';
import { openVoc, type VocImages } from './voc-layout.js';

/** Options of `readVoc`. */
export interface ReadVocOptions {
  /** Name of a list in ImageSets/Main, such as `train`. Default: every annotation. */
  readonly split?: string;
  /** Default: the names in all annotations of the folder, in alphabetical order. */
  readonly classes?: readonly string[];
  /**
   * What coordinates mean. `corners` (default): edges between pixels, from 0, as today's annotation tools write them.
   * `pixels`: the first and last pixel, numbered from 1, as in the Pascal VOC challenges themselves.
   */
  readonly coordinates?: 'corners' | 'pixels';
  /** Default `error`. */
  readonly onProblem?: ProblemPolicy;
  /** Whether an image whose annotation is missing or an empty file is one without objects; default false: a problem. */
  readonly background?: boolean;
  /** Default: folder and split. */
  readonly name?: string;
  /** Of images whose annotation has no size; default `apply`. */
  readonly orientation?: DecodeOptions['orientation'];
}

/**
 * Reads a folder in the format of Pascal VOC: Annotations/*.xml, JPEGImages, ImageSets/Main/*.txt, or what tools write instead
 * (see `openVoc`). The image of an annotation
 * is its `filename` or, where there is no such file, the one in JPEGImages that has the annotation's name (as torchvision and
 * MMDetection take it). Images are opened only where an annotation has no size.
 * @throws NatsError `malformed` for files that are not in the format, and for single broken annotations unless `onProblem`
 * is `drop`; IO errors pass through
 */
export async function readVoc(directory: string, options: ReadVocOptions = {}): Promise<Dataset> {
  const { split, coordinates = 'corners', onProblem = 'error', background = false, orientation = 'apply' } = options;
  const list = createProblemList();
  const layout = await openVoc(directory);
  const { files, known: images } = layout;
  const wanted = await layout.wanted(split, list);
  // Classes must not depend on the split.
  const read = options.classes ? wanted : [...new Set([...wanted, ...files.keys()])];
  const parsed = new Map<string, Parsed>();
  await inParallel(read, async (id) => {
    const file = files.get(id);
    parsed.set(id, file === undefined ? { missing: true } : await readAnnotation(file));
  });
  const classes = options.classes ?? namesIn(parsed.values());
  const labels = new Map(classes.map((name, label) => [name, label]));
  const records: DatasetRecord[] = [];
  for (const id of wanted) {
    const file = files.get(id) ?? join(layout.annotations, `${id}.xml`);
    const context = { id, file, folder: layout.images, images, classes, labels, coordinates, background, orientation };
    const record = await recordOf(parsed.get(id)!, context, list);
    if (record) records.push(record);
  }
  applyPolicy(list.problems, onProblem);
  const name = options.name ?? (split === undefined ? directory : `${directory}/${split}`);
  return { name, classes, records, problems: list.problems };
}

type Parsed =
  | { readonly annotation: Fields }
  | { readonly missing: true }
  | { readonly error: NatsError; readonly isEmpty: boolean };

async function readAnnotation(file: string): Promise<Parsed> {
  const [xml, bytes] = [await loadXml(), await readBytes(file)];
  try {
    return { annotation: parseAnnotation(xml, bytes, file) };
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
    return { error, isEmpty: bytes.every((byte) => byte <= 32) };
  }
}

/** @throws NatsError `malformed` with file and line, also for what the parser throws */
function parseAnnotation(xml: XmlReader, bytes: Uint8Array, file: string): Fields {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const declared = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']/.exec(head)?.[1];
  // .NET's tools declare the encoding of their strings, whatever they write.
  const isWide = declared !== undefined && /^utf-?16/i.test(declared) && !bytes.subarray(0, 200).includes(0);
  const text = decodeText(bytes, file, isWide ? 'utf-8' : declared);
  const broken = (where: string, received: string) =>
    malformed(file, where, { rule: 'an XML file is complete and correct', received });
  if (text.trim() === '') throw broken('line 1', 'an empty file');
  try {
    const valid = xml.validate(text);
    if (valid !== true) {
      const { msg, line, col } = valid.err;
      throw broken(col === undefined ? `line ${line}` : `line ${line}, column ${col}`, msg);
    }
    const root = xml.parse(text);
    const { annotation } = root;
    if (annotation === undefined) throw otherXml(root, file);
    // An empty element is parsed as a text.
    return inFile(file, () => fieldsAt(annotation === '' ? {} : annotation, 'annotation'));
  } catch (error) {
    if (error instanceof NatsError) throw error;
    throw broken(
      'line 1',
      error instanceof RangeError ? 'elements that are nested too deep' : (error as Error).message,
    );
  }
}

/** XML that is none of Pascal VOC's. */
function otherXml(root: Fields, file: string): NatsError {
  const names = Object.keys(root).filter((name) => !name.startsWith('?'));
  const known: Readonly<Record<string, string>> = {
    annotations: "it looks like CVAT's own format: export Pascal VOC or COCO from there",
    dataset: "it looks like dlib's format: convert it to Pascal VOC or COCO",
    html: 'it is a web page: download the file itself',
  };
  const told = names.map((name) => known[name.toLowerCase()]).find((text) => text !== undefined);
  return malformed(file, 'annotation', {
    rule: 'a file of Pascal VOC has an element annotation around all others',
    received: names.slice(0, 3).join(', ') || 'none',
    ...(told !== undefined && { limit: told }),
  });
}

/** @throws FieldError that says what another form of an object is */
function boxOf(object: Fields, field: string): Fields {
  const other = object.bndbox === undefined && ['robndbox', 'polygon'].find((name) => object[name] !== undefined);
  if (!other) return fieldsAt(object.bndbox, `${field}.bndbox`);
  const what = other === 'polygon' ? 'a polygon' : 'a rotated box';
  throw new FieldError(
    `${field}.bndbox`,
    `an object has an upright box, bndbox; ${what} (${other}) is not read`,
    undefined,
  );
}

function namesIn(annotations: Iterable<Parsed>): string[] {
  const names = new Set<string>();
  for (const parsed of annotations) {
    if (!('annotation' in parsed)) continue;
    for (const item of objectsIn(parsed.annotation)) {
      const { name } = (item ?? {}) as Fields;
      if (typeof name === 'string' && name !== '') names.add(name);
    }
  }
  return [...names].sort();
}

function objectsIn({ object }: Fields): readonly unknown[] {
  return Array.isArray(object) ? object : [];
}

interface RecordContext {
  readonly id: string;
  readonly file: string;
  readonly folder: string;
  readonly images: VocImages;
  readonly classes: readonly string[];
  readonly labels: ReadonlyMap<string, number>;
  readonly coordinates: 'corners' | 'pixels';
  readonly background: boolean;
  readonly orientation: 'apply' | 'ignore';
}

async function recordOf(parsed: Parsed, context: RecordContext, list: ProblemList): Promise<DatasetRecord | undefined> {
  const { id, file, background } = context;
  const isNone = 'missing' in parsed || ('error' in parsed && parsed.isEmpty);
  if (isNone && background) return bareRecord(context, list);
  if (!('annotation' in parsed)) {
    const {
      rule,
      received,
      where,
      limit: way,
    } = 'missing' in parsed
      ? { rule: 'an image of a list has an annotation', received: 'no such file', where: file, limit: undefined }
      : parsed.error.details;
    const told = 'data.background true takes such images as images without objects';
    const limit = isNone ? `; ${told}` : way === undefined ? '' : `; ${way}`;
    const field = where === undefined || where === file ? '' : where.slice(file.length + 2);
    list.add({ kind: 'field', image: id, file, field, rule: `${rule}${limit}`, received, remedy: 'image dropped' });
    return undefined;
  }
  const { annotation } = parsed;
  const image = imageOf(annotation, context);
  const size = await sizeOf(annotation, image, context, list);
  if (!size) return undefined;
  const objects: DatasetObject[] = [];
  for (const [k, item] of objectsIn(annotation).entries()) {
    const field = `object[${k}]`;
    const object = list.attempt({ file, image: id }, 'annotation dropped', () => objectOf(item, field, context));
    const box = object && list.box(object.box, size, () => ({ file, field: `${field}.bndbox`, image: id }));
    if (box) objects.push({ ...object, box });
  }
  return { id, source: { file: image }, ...size, objects };
}

/** An image without annotation. */
async function bareRecord(context: RecordContext, list: ProblemList): Promise<DatasetRecord | undefined> {
  const image = context.images.byStem.get(context.id) ?? join(context.folder, `${context.id}.jpg`);
  const size = await measured(image, context, list);
  return size && { id: context.id, source: { file: image }, ...size, objects: [] };
}

/** `filename` if there is such a file (some tools write a whole path, of another machine), else the annotation's own name. */
function imageOf({ filename }: Fields, { id, folder, images }: RecordContext): string {
  const name = typeof filename === 'string' ? pathParts(filename).at(-1) : undefined;
  const beside = posix.join(posix.dirname(id), name ?? '');
  const named = name === undefined ? undefined : (images.byName.get(beside) ?? images.byName.get(name));
  return named ?? images.byStem.get(id) ?? images.byStem.get(posix.basename(id)) ?? join(folder, name ?? `${id}.jpg`);
}

type Size = { readonly width: number; readonly height: number };

/** The annotated size; that of the image where there is none, or one of 0. */
async function sizeOf(
  annotation: Fields,
  image: string,
  context: RecordContext,
  list: ProblemList,
): Promise<Size | undefined> {
  const { id, file } = context;
  const { size } = annotation;
  const side = (key: 'width' | 'height') => (size as Fields | undefined)?.[key];
  const isUnknown = (value: unknown) =>
    value === undefined || value === '' || Number(value) === 0 || Number(value) === -1;
  if ((isUnknown(side('width')) || isUnknown(side('height'))) && existsSync(image))
    return measured(image, context, list);
  return list.attempt({ file, image: id }, 'image dropped', () => {
    const fields = fieldsAt(size, 'size');
    return {
      width: sideAt(numberInText(fields.width, 'size.width'), 'size.width'),
      height: sideAt(numberInText(fields.height, 'size.height'), 'size.height'),
    };
  });
}

async function measured(
  image: string,
  { id, orientation }: RecordContext,
  list: ProblemList,
): Promise<Size | undefined> {
  try {
    return await readImageSize(image, { orientation });
  } catch (error) {
    list.add({ kind: 'image', image: id, file: image, field: '', ...imageFault(error), remedy: 'image dropped' });
    return undefined;
  }
}

function objectOf(item: unknown, field: string, { classes, labels, coordinates }: RecordContext): DatasetObject {
  const object = fieldsAt(item, field);
  const name = textAt(object.name, `${field}.name`);
  const label = labels.get(name);
  if (label === undefined) {
    const known = classes.length > 20 ? `one of ${classes.length}` : `one of ${classes.join(', ')}`;
    throw new AnnotationError('reference', `${field}.name`, `a class is ${known}`, name);
  }
  const box = boxOf(object, field);
  const side = (key: string) => numberInText(box[key], `${field}.bndbox.${key}`);
  const first = coordinates === 'pixels' ? 1 : 0;
  return {
    box: [side('xmin') - first, side('ymin') - first, side('xmax'), side('ymax')],
    label,
    ...((object.difficult === '1' || object.difficult === 'True' || object.difficult === 'true') && {
      difficult: true,
    }),
  };
}
