import { malformed, type NatsError } from '@nats/graph';
import type { CocoSegmentation } from '../masks/coco-mask.js';
import { segmentationMask } from '../masks/segmentation.js';
import type { CocoDetection, CocoGroundTruth, IouType } from './coco-format.js';
import { haveBoxes, imageSizes } from './geometry.js';

type Fields = Readonly<Record<string, unknown>>;

/** Where an item is. The path of a field is put together for a message alone: files have millions of items. */
interface Item {
  readonly file: string;
  readonly list: string;
  readonly index: number;
}

/** Ids of images that annotations and detections may refer to. */
interface Ids {
  readonly images: ReadonlySet<number>;
}

/**
 * Checks ground truth that was read from a file.
 * @param file its name, for messages
 * @param iouType with 'segm' images must have sizes, and annotations masks
 * @throws NatsError `malformed` naming the file and the field
 */
export function parseGroundTruth(value: unknown, file = 'ground truth', iouType: IouType = 'bbox'): CocoGroundTruth {
  if (!isFields(value)) throw broken(file, '', AN_OBJECT, value);
  const images = listOf(value.images, file, 'images');
  const categories = listOf(value.categories, file, 'categories');
  const annotations = listOf(value.annotations, file, 'annotations');
  const ids = { images: uniqueIds(images, file, 'images'), categories: uniqueIds(categories, file, 'categories') };
  uniqueIds(annotations, file, 'annotations');
  for (const [index, item] of annotations.entries()) {
    const at = { file, list: 'annotations', index };
    const annotation = fieldsOf(item, at);
    checkImage(annotation, ids, at);
    const category = numberOf(annotation, 'category_id', at);
    if (!ids.categories.has(category)) {
      throw wrong(at, 'category_id', 'a category id is one of the ground truth', category);
    }
    checkBox(annotation, at);
    numberOf(annotation, 'area', at);
    checkFlag(annotation, 'iscrowd', at);
    checkFlag(annotation, 'difficult', at);
  }
  const groundTruth = value as unknown as CocoGroundTruth;
  if (iouType === 'segm') {
    checkMasks(groundTruth.annotations, groundTruth, file, 'annotations');
  }
  return groundTruth;
}

/**
 * Checks detections that were read from a file.
 * @param groundTruth whose image and category ids they use
 * @param file its name, for messages
 * @param iouType what is going to be compared
 * @throws NatsError `malformed` naming the file and the field
 */
export function parseDetections(
  value: unknown,
  groundTruth: CocoGroundTruth,
  file = 'detections',
  iouType: IouType = 'bbox',
): CocoDetection[] {
  const reader = createDetectionReader(groundTruth, file, iouType);
  for (const [i, item] of listOf(value, file, '').entries()) reader.check(item, i);
  const detections = value as CocoDetection[];
  reader.finish(detections);
  return detections;
}

/** Checks detections one after the other. */
export interface DetectionReader {
  /** @throws NatsError `malformed` naming file and field */
  check(item: unknown, index: number): CocoDetection;
  /** Whether boxes are compared, by what the first detection has; true before it. */
  readonly isBoxed: boolean;
  /** Checks what needs all of them. */
  finish(detections: readonly CocoDetection[]): void;
}

export function createDetectionReader(groundTruth: CocoGroundTruth, file: string, iouType: IouType): DetectionReader {
  const ids = { images: new Set(groundTruth.images.map(({ id }) => id)) };
  let isBoxed = true;
  return {
    get isBoxed() {
      return isBoxed;
    },
    check: (item, index) => {
      const at = { file, list: '', index };
      const detection = fieldsOf(item, at);
      if (index === 0) {
        isBoxed = (iouType === 'bbox' && detection.segmentation === undefined) || haveBoxes([item as CocoDetection]);
      }
      checkImage(detection, ids, at);
      // As pycocotools: detections of categories that the ground truth lacks are compared with nothing.
      numberOf(detection, 'category_id', at);
      const { bbox } = detection;
      const isNone = bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0);
      if (isBoxed || !isNone) checkBox(detection, at);
      numberOf(detection, 'score', at);
      return item as CocoDetection;
    },
    // A detection with a box and no mask has the mask of its box.
    finish: (detections) => {
      const isAny = detections.length > 0;
      if (iouType === 'segm' || (isAny && !isBoxed)) checkMasks(detections, groundTruth, file, '', isBoxed && isAny);
    },
  };
}

function checkImage(item: Fields, ids: Ids, at: Item): void {
  const image = numberOf(item, 'image_id', at);
  if (!ids.images.has(image)) throw wrong(at, 'image_id', 'an image id is one of the ground truth', image);
}

function checkBox({ bbox }: Fields, at: Item): void {
  if (!Array.isArray(bbox)) throw wrong(at, 'bbox', A_LIST, bbox);
  if (bbox.length !== 4 || !bbox.every(Number.isFinite)) {
    throw wrong(at, 'bbox', 'a box is [x, y, width, height], four finite numbers', bbox);
  }
}

function checkFlag(item: Fields, field: string, at: Item): void {
  const value = item[field];
  if (value === undefined || value === null || typeof value === 'boolean') return;
  if (value !== 0 && value !== 1) throw wrong(at, field, 'a flag is 0 or 1', value);
}

interface Masked {
  readonly image_id: number;
  readonly segmentation?: CocoSegmentation;
}

/** Decodes every mask, so that what is wrong with one is said with the file's name. */
function checkMasks(
  items: readonly Masked[],
  groundTruth: CocoGroundTruth,
  file: string,
  list: string,
  optional = false,
): void {
  const sizeOf = imageSizes(groundTruth, file);
  for (const [i, { image_id, segmentation }] of items.entries()) {
    const where = `${list}[${i}].segmentation`;
    if (segmentation === undefined && optional) continue;
    if (segmentation === undefined || segmentation === null) {
      throw broken(file, where, 'a segmentation is expected here', segmentation);
    }
    segmentationMask(segmentation, sizeOf(image_id), `${file}, ${where}`);
  }
}

function uniqueIds(items: readonly unknown[], file: string, list: string): Set<number> {
  const ids = new Set<number>();
  for (const [index, item] of items.entries()) {
    const at = { file, list, index };
    const id = numberOf(fieldsOf(item, at), 'id', at);
    if (ids.has(id)) throw wrong(at, 'id', 'ids are different from one another', id);
    ids.add(id);
  }
  return ids;
}

const AN_OBJECT = 'an object with fields is expected here';
const A_LIST = 'a list is expected here';

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown, at: Item): Fields {
  if (!isFields(value)) throw wrong(at, '', AN_OBJECT, value);
  return value;
}

function listOf(value: unknown, file: string, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw broken(file, where, A_LIST, value);
  return value;
}

function numberOf(item: Fields, field: string, at: Item): number {
  const value = item[field];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw wrong(at, field, 'a finite number is expected here', value);
  }
  return value;
}

function wrong({ file, list, index }: Item, field: string, rule: string, value: unknown): NatsError {
  return broken(file, `${list}[${index}]${field && `.${field}`}`, rule, value);
}

function broken(file: string, where: string, rule: string, value: unknown): NatsError {
  const text = shownValue(value);
  return malformed(file, where, { rule, received: text.length > 80 ? `${text.slice(0, 80)}…` : text });
}

function shownValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    // JSON.stringify recurses where JSON.parse did not.
    if (!(error instanceof RangeError)) throw error;
    return 'a value that is nested too deep';
  }
}
