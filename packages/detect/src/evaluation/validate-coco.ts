import { malformed, type NatsError } from '@nats/graph';
import type { CocoSegmentation } from '../masks/coco-mask.js';
import { segmentationMask } from '../masks/segmentation.js';
import type { CocoDetection, CocoGroundTruth, IouType } from './coco-format.js';
import { haveBoxes, imageSizes } from './geometry.js';

type Fields = Readonly<Record<string, unknown>>;

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
  const root = fieldsOf(value, file, '');
  const images = listOf(root.images, file, 'images');
  const categories = listOf(root.categories, file, 'categories');
  const annotations = listOf(root.annotations, file, 'annotations');
  const ids = { images: uniqueIds(images, file, 'images'), categories: uniqueIds(categories, file, 'categories') };
  uniqueIds(annotations, file, 'annotations');
  for (const [i, item] of annotations.entries()) {
    const where = `annotations[${i}]`;
    const annotation = fieldsOf(item, file, where);
    checkImage(annotation, ids, file, where);
    const category = numberOf(annotation.category_id, file, `${where}.category_id`);
    if (!ids.categories.has(category)) {
      throw broken(file, `${where}.category_id`, 'a category id is one of the ground truth', category);
    }
    checkBox(annotation.bbox, file, `${where}.bbox`);
    numberOf(annotation.area, file, `${where}.area`);
    checkFlag(annotation.iscrowd, file, `${where}.iscrowd`);
    checkFlag(annotation.difficult, file, `${where}.difficult`);
  }
  const groundTruth = value as CocoGroundTruth;
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
    check: (item, i) => {
      const where = `[${i}]`;
      const detection = fieldsOf(item, file, where);
      if (i === 0) {
        isBoxed = (iouType === 'bbox' && detection.segmentation === undefined) || haveBoxes([item as CocoDetection]);
      }
      checkImage(detection, ids, file, where);
      // As pycocotools: detections of categories that the ground truth lacks are compared with nothing.
      numberOf(detection.category_id, file, `${where}.category_id`);
      const { bbox } = detection;
      const isNone = bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0);
      if (isBoxed || !isNone) checkBox(bbox, file, `${where}.bbox`);
      numberOf(detection.score, file, `${where}.score`);
      return item as CocoDetection;
    },
    // A detection with a box and no mask has the mask of its box.
    finish: (detections) => {
      const isAny = detections.length > 0;
      if (iouType === 'segm' || (isAny && !isBoxed)) checkMasks(detections, groundTruth, file, '', isBoxed && isAny);
    },
  };
}

function checkImage(item: Fields, ids: Ids, file: string, where: string): void {
  const image = numberOf(item.image_id, file, `${where}.image_id`);
  if (!ids.images.has(image)) throw broken(file, `${where}.image_id`, 'an image id is one of the ground truth', image);
}

function checkBox(value: unknown, file: string, where: string): void {
  const box = listOf(value, file, where);
  if (box.length !== 4 || !box.every((side) => typeof side === 'number' && Number.isFinite(side))) {
    throw broken(file, where, 'a box is [x, y, width, height], four finite numbers', value);
  }
}

function checkFlag(value: unknown, file: string, where: string): void {
  if (value === undefined || value === null || typeof value === 'boolean') return;
  if (value !== 0 && value !== 1) throw broken(file, where, 'a flag is 0 or 1', value);
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
    throw broken(file, where, 'an object with fields is expected here', value);
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
