import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { malformed } from '@nats/graph';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { type Fields, fieldsAt, inFile, numberInText, sideAt, textAt } from './fields.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type ProblemPolicy } from './problems.js';

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
  /** Default: folder and split. */
  readonly name?: string;
}

/**
 * Reads a folder in the format of Pascal VOC: Annotations/*.xml, JPEGImages, ImageSets/Main/*.txt. Images are not opened.
 * @throws NatsError `malformed` for files that are not in the format, and for single broken annotations unless `onProblem`
 * is `drop`; IO errors pass through
 */
export async function readVoc(directory: string, options: ReadVocOptions = {}): Promise<Dataset> {
  const { split, coordinates = 'corners', onProblem = 'error' } = options;
  const list = createProblemList();
  const all = (await readdir(join(directory, 'Annotations'))).filter((file) => file.endsWith('.xml')).sort();
  const known = all.map((file) => file.slice(0, -'.xml'.length));
  const wanted = split === undefined ? known : await readSplit(directory, split, list);
  const parsed = new Map<string, Fields>();
  // Classes must not depend on the split.
  for (const id of options.classes ? wanted : new Set([...wanted, ...known])) {
    const file = join(directory, 'Annotations', `${id}.xml`);
    parsed.set(id, parseAnnotation(await readFile(file, 'utf8'), file));
  }
  const classes = options.classes ?? namesIn(parsed.values());
  const records: DatasetRecord[] = [];
  for (const id of wanted) {
    const file = join(directory, 'Annotations', `${id}.xml`);
    const record = recordOf(parsed.get(id)!, { id, file, directory, classes, coordinates }, list);
    if (record) records.push(record);
  }
  applyPolicy(list.problems, onProblem);
  const name = options.name ?? (split === undefined ? directory : `${directory}/${split}`);
  return { name, classes, records, problems: list.problems };
}

/** Names of a list, one a line; what follows a name (as in lists of single classes) is ignored. */
async function readSplit(directory: string, split: string, list: ProblemList): Promise<string[]> {
  const file = join(directory, 'ImageSets', 'Main', `${split}.txt`);
  const names = new Set<string>();
  for (const [i, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    const name = line.trim().split(/\s+/)[0]!;
    if (name === '') continue;
    if (names.has(name)) {
      const rule = 'an image is in a list once';
      list.add({
        kind: 'duplicate',
        image: name,
        file,
        field: `line ${i + 1}`,
        rule,
        received: name,
        remedy: 'image dropped',
      });
    }
    names.add(name);
  }
  return [...names];
}

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'object' });

function parseAnnotation(text: string, file: string): Fields {
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    const { msg, line, col } = valid.err;
    throw malformed(file, `line ${line}, column ${col}`, {
      rule: 'an XML file is complete and correct',
      received: msg,
    });
  }
  const { annotation } = parser.parse(text) as Fields;
  // An empty element is parsed as a text.
  return inFile(file, () => fieldsAt(annotation === '' ? {} : annotation, 'annotation'));
}

function namesIn(annotations: Iterable<Fields>): string[] {
  const names = new Set<string>();
  for (const { object } of annotations) {
    for (const item of (object as Fields[] | undefined) ?? []) if (typeof item.name === 'string') names.add(item.name);
  }
  return [...names].sort();
}

interface RecordContext {
  readonly id: string;
  readonly file: string;
  readonly directory: string;
  readonly classes: readonly string[];
  readonly coordinates: 'corners' | 'pixels';
}

function recordOf(annotation: Fields, context: RecordContext, list: ProblemList): DatasetRecord | undefined {
  const { id, file, directory } = context;
  const image = list.attempt({ file, image: id }, 'image dropped', () => {
    const size = fieldsAt(annotation.size, 'size');
    return {
      source: { file: join(directory, 'JPEGImages', fileName(annotation.filename, id)) },
      width: sideAt(numberInText(size.width, 'size.width'), 'size.width'),
      height: sideAt(numberInText(size.height, 'size.height'), 'size.height'),
    };
  });
  if (!image) return undefined;
  const objects: DatasetObject[] = [];
  for (const [k, item] of ((annotation.object as unknown[] | undefined) ?? []).entries()) {
    const field = `object[${k}]`;
    const object = list.attempt({ file, image: id }, 'annotation dropped', () => objectOf(item, field, context));
    const box = object && list.box(object.box, image, { file, field: `${field}.bndbox`, image: id });
    if (box) objects.push({ ...object, box });
  }
  return { id, ...image, objects };
}

/** Some tools write a whole path, of another machine. */
function fileName(value: unknown, id: string): string {
  if (value === undefined) return `${id}.jpg`;
  return textAt(value, 'filename').split(/[\\/]/).at(-1)!;
}

function objectOf(item: unknown, field: string, { classes, coordinates }: RecordContext): DatasetObject {
  const object = fieldsAt(item, field);
  const name = textAt(object.name, `${field}.name`);
  const label = classes.indexOf(name);
  if (label < 0)
    throw new AnnotationError('reference', `${field}.name`, `a class is one of ${classes.join(', ')}`, name);
  const box = fieldsAt(object.bndbox, `${field}.bndbox`);
  const side = (key: string) => numberInText(box[key], `${field}.bndbox.${key}`);
  const first = coordinates === 'pixels' ? 1 : 0;
  return {
    box: [side('xmin') - first, side('ymin') - first, side('xmax'), side('ymax')],
    label,
    ...(object.difficult === '1' && { difficult: true }),
  };
}
