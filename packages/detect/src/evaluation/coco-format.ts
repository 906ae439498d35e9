import { malformed, type NatsError } from '@nats/graph';

/** `[x, y, width, height]` in pixels, as in COCO's files. */
export type CocoBox = readonly [number, number, number, number];

export interface CocoImage {
  readonly id: number;
  readonly file_name?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface CocoCategory {
  readonly id: number;
  readonly name?: string;
}

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: CocoBox;
  /** Of the object's mask in COCO; decides in which size range it counts. */
  readonly area: number;
  /** 1: a crowd, in which any number of detections may lie. Default 0. */
  readonly iscrowd?: 0 | 1;
}

/** Ground truth in the format of COCO's `instances_*.json`. */
export interface CocoGroundTruth {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

/** One detection in the format of COCO's result files. */
export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: CocoBox;
  readonly score: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks ground truth that was read from a file.
 * @param file its name, for messages
 * @throws NatsError `malformed` naming the file and the field
 */
export function parseGroundTruth(value: unknown, file = 'ground truth'): CocoGroundTruth {
  const root = fieldsOf(value, file, '');
  const images = listOf(root.images, file, 'images');
  const categories = listOf(root.categories, file, 'categories');
  const annotations = listOf(root.annotations, file, 'annotations');
  const imageIds = uniqueIds(images, file, 'images');
  const categoryIds = uniqueIds(categories, file, 'categories');
  uniqueIds(annotations, file, 'annotations');
  for (const [i, item] of annotations.entries()) {
    const where = `annotations[${i}]`;
    const annotation = fieldsOf(item, file, where);
    checkReferences(annotation, imageIds, categoryIds, file, where);
    checkBox(annotation.bbox, file, `${where}.bbox`);
    numberOf(annotation.area, file, `${where}.area`);
    const crowd = annotation.iscrowd;
    if (crowd !== undefined && crowd !== 0 && crowd !== 1) {
      throw broken(file, `${where}.iscrowd`, 'a crowd flag is 0 or 1', crowd);
    }
  }
  return value as CocoGroundTruth;
}

/**
 * Checks detections that were read from a file.
 * @throws NatsError `malformed` naming the file and the field
 */
export function parseDetections(value: unknown, groundTruth: CocoGroundTruth, file = 'detections'): CocoDetection[] {
  const detections = listOf(value, file, '');
  const imageIds = new Set(groundTruth.images.map(({ id }) => id));
  const categoryIds = new Set(groundTruth.categories.map(({ id }) => id));
  for (const [i, item] of detections.entries()) {
    const where = `[${i}]`;
    const detection = fieldsOf(item, file, where);
    checkReferences(detection, imageIds, categoryIds, file, where);
    checkBox(detection.bbox, file, `${where}.bbox`);
    numberOf(detection.score, file, `${where}.score`);
  }
  return value as CocoDetection[];
}

function checkReferences(
  item: Fields,
  images: ReadonlySet<number>,
  categories: ReadonlySet<number>,
  file: string,
  where: string,
): void {
  const image = numberOf(item.image_id, file, `${where}.image_id`);
  if (!images.has(image)) throw broken(file, `${where}.image_id`, 'an image id is one of the ground truth', image);
  const category = numberOf(item.category_id, file, `${where}.category_id`);
  if (!categories.has(category)) {
    throw broken(file, `${where}.category_id`, 'a category id is one of the ground truth', category);
  }
}

function checkBox(value: unknown, file: string, where: string): void {
  const box = listOf(value, file, where);
  if (box.length !== 4 || !box.every((side) => typeof side === 'number' && Number.isFinite(side))) {
    throw broken(file, where, 'a box is [x, y, width, height], four finite numbers', value);
  }
}

function uniqueIds(items: readonly unknown[], file: string, list: string): Set<number> {
  const ids = new Set<number>();
  for (const [i, item] of items.entries()) {
    const where = `${list}[${i}].id`;
    const id = numberOf(fieldsOf(item, file, `${list}[${i}]`).id, file, where);
    if (ids.has(id)) throw broken(file, where, 'ids are different from one another', id);
    ids.add(id);
  }
  return ids;
}

function fieldsOf(value: unknown, file: string, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw broken(file, where, 'an object is expected here', value);
  }
  return value as Fields;
}

function listOf(value: unknown, file: string, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw broken(file, where, 'a list is expected here', value);
  return value;
}

function numberOf(value: unknown, file: string, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw broken(file, where, 'a finite number is expected here', value);
  }
  return value;
}

function broken(file: string, where: string, rule: string, value: unknown): NatsError {
  const text = JSON.stringify(value) ?? 'nothing';
  return malformed(file, where, { rule, received: text.length > 80 ? `${text.slice(0, 80)}…` : text });
}
