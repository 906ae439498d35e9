import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { malformed } from '@nats/graph';
import type { Dataset, DatasetObject, DatasetRecord } from './dataset.js';
import { FieldError, type Fields, fieldsAt, inFile, listAt, numberAt, sideAt, textAt } from './fields.js';
import { AnnotationError, createProblemList, type ProblemList } from './problem-list.js';
import { applyPolicy, type ProblemPolicy } from './problems.js';
import { segmentationAt } from './segmentation-field.js';

export interface ReadCocoOptions {
  /** Folder that the images' `file_name`s start from. */
  readonly images: string;
  /** Default `error`. */
  readonly onProblem?: ProblemPolicy;
  /** Default: the file's name. */
  readonly name?: string;
}

/**
 * Reads instances in COCO's format: classes are its categories in order of their ids, boxes `[x, y, width, height]`, masks
 * checked and drawn when they are needed. Images are not opened.
 * @throws NatsError `malformed` for a file that is not in the format, and for single broken annotations unless `onProblem`
 * is `drop`; IO errors pass through
 */
export async function readCoco(file: string, options: ReadCocoOptions): Promise<Dataset> {
  return parseCoco(parseJson(await readFile(file, 'utf8'), file), file, options);
}

/** `readCoco` of a value that was read before. @param file its name, for messages */
export function parseCoco(value: unknown, file: string, options: ReadCocoOptions): Dataset {
  const list = createProblemList();
  const root = inFile(file, () => fieldsAt(value, ''));
  const categories = inFile(file, () => categoriesOf(root));
  const labels = new Map(categories.map(({ id }, label) => [id, label]));
  const images = imagesOf(
    inFile(file, () => listAt(root.images, 'images')),
    file,
    options.images,
    list,
  );
  const annotations = inFile(file, () => listAt(root.annotations, 'annotations'));
  const ids = new Set<number>();
  for (const [i, item] of annotations.entries()) {
    const field = `annotations[${i}]`;
    const found = list.attempt({ file }, 'annotation dropped', () => {
      const annotation = fieldsAt(item, field);
      const id = numberAt(annotation.id, `${field}.id`);
      if (ids.has(id)) throw new AnnotationError('duplicate', `${field}.id`, 'ids of annotations are different', id);
      ids.add(id);
      const imageId = numberAt(annotation.image_id, `${field}.image_id`);
      const image = images.get(imageId);
      if (!image)
        throw new AnnotationError('reference', `${field}.image_id`, 'an annotation is of a known image', imageId);
      const object = objectOf(annotation, field, labels);
      const segmentation = segmentationAt(annotation.segmentation, `${field}.segmentation`, image, id);
      return { image, object: { ...object, ...(segmentation && { segmentation }) } };
    });
    if (!found) continue;
    const { image, object } = found;
    const box = list.box(object.box, image, { file, field: `${field}.bbox`, image: image.id });
    if (box) image.objects.push({ ...object, box });
  }
  applyPolicy(list.problems, options.onProblem ?? 'error');
  return {
    name: options.name ?? basename(file),
    classes: categories.map(({ name }) => name),
    categoryIds: categories.map(({ id }) => id),
    records: [...images.values()],
    problems: list.problems,
  };
}

export function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(file, '', { rule: 'a JSON file is complete and correct', received: (cause as Error).message });
  }
}

type OpenRecord = Omit<DatasetRecord, 'objects'> & { readonly objects: DatasetObject[] };

function categoriesOf(root: Fields): { id: number; name: string }[] {
  const categories = listAt(root.categories, 'categories').map((item, i) => {
    const category = fieldsAt(item, `categories[${i}]`);
    return {
      id: numberAt(category.id, `categories[${i}].id`),
      name: textAt(category.name, `categories[${i}].name`),
    };
  });
  for (const [i, { id, name }] of categories.entries()) {
    const others = categories.slice(0, i);
    if (others.some((other) => other.id === id)) {
      throw new FieldError(`categories[${i}].id`, 'ids of categories are different', id);
    }
    if (others.some((other) => other.name === name)) {
      throw new FieldError(`categories[${i}].name`, 'names of categories are different', name);
    }
  }
  return categories.sort((a, b) => a.id - b.id);
}

function imagesOf(items: readonly unknown[], file: string, folder: string, list: ProblemList): Map<number, OpenRecord> {
  const images = new Map<number, OpenRecord>();
  for (const [i, item] of items.entries()) {
    const field = `images[${i}]`;
    list.attempt({ file }, 'image dropped', () => {
      const image = fieldsAt(item, field);
      const id = numberAt(image.id, `${field}.id`);
      if (images.has(id)) throw new AnnotationError('duplicate', `${field}.id`, 'ids of images are different', id);
      images.set(id, {
        id: String(id),
        source: { file: join(folder, textAt(image.file_name, `${field}.file_name`)) },
        width: sideAt(numberAt(image.width, `${field}.width`), `${field}.width`),
        height: sideAt(numberAt(image.height, `${field}.height`), `${field}.height`),
        objects: [],
      });
    });
  }
  return images;
}

function objectOf(annotation: Fields, field: string, labels: ReadonlyMap<number, number>): DatasetObject {
  const category = numberAt(annotation.category_id, `${field}.category_id`);
  const label = labels.get(category);
  if (label === undefined) {
    throw new AnnotationError('reference', `${field}.category_id`, 'an annotation is of a known category', category);
  }
  const sides = listAt(annotation.bbox, `${field}.bbox`);
  if (sides.length !== 4) throw new FieldError(`${field}.bbox`, 'a box is [x, y, width, height]', sides);
  const [x, y, width, height] = sides.map((side, k) => numberAt(side, `${field}.bbox[${k}]`)) as [
    number,
    number,
    number,
    number,
  ];
  const { iscrowd, area } = annotation;
  if (iscrowd !== undefined && iscrowd !== 0 && iscrowd !== 1) {
    throw new FieldError(`${field}.iscrowd`, 'a crowd flag is 0 or 1', iscrowd);
  }
  return {
    box: [x, y, x + width, y + height],
    label,
    ...(iscrowd === 1 && { crowd: true }),
    ...(area !== undefined && { area: numberAt(area, `${field}.area`) }),
  };
}
