import type { CocoAnnotation, CocoGroundTruth } from '../evaluation/coco-format.js';
import type { CocoSegmentation } from '../masks/coco-mask.js';
import { plainSegmentation } from '../masks/packed-polygons.js';
import type { Dataset } from './dataset.js';

/** An annotation that still has its mask, and Pascal VOC's mark. */
export type CocoObject = CocoAnnotation & { readonly segmentation?: CocoSegmentation; readonly difficult?: 0 | 1 };

/** Ground truth whose annotations have their masks. */
export interface CocoDatasetFile extends CocoGroundTruth {
  readonly annotations: readonly CocoObject[];
}

/**
 * The annotations of a dataset in COCO's format, boxes in pixels of the original images. Image ids are the records' ids
 * if all of these are whole numbers, else positions from 1; category ids are those of the dataset's file, else class
 * numbers from 1. Objects that Pascal VOC calls difficult are marked: `evaluateVoc` leaves them out, COCO counts them.
 */
export function cocoGroundTruth(dataset: Dataset): CocoDatasetFile {
  const ids = cocoImageIds(dataset);
  const categories = cocoCategoryIds(dataset);
  const annotations: CocoObject[] = [];
  for (const [i, { objects }] of dataset.records.entries()) {
    for (const { box, label, crowd, difficult, area, segmentation, zeroId } of objects) {
      const [x1, y1, x2, y2] = box;
      annotations.push({
        id: zeroId ? 0 : annotations.length + 1,
        image_id: ids[i]!,
        category_id: categories[label]!,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: area ?? (x2 - x1) * (y2 - y1),
        iscrowd: crowd ? 1 : 0,
        ...(segmentation && { segmentation: plainSegmentation(segmentation) }),
        ...(difficult && { difficult: 1 }),
      });
    }
  }
  return {
    images: dataset.records.map(({ id, source, width, height }, i) => ({
      id: ids[i]!,
      file_name: 'file' in source ? source.file : id,
      width,
      height,
    })),
    categories: dataset.classes.map((name, label) => ({ id: categories[label]!, name })),
    annotations,
  };
}

/** The number of each record in COCO's files. */
export function cocoImageIds({ records }: Dataset): number[] {
  const areNumbers = records.every(({ id }) => /^(0|[1-9]\d{0,14})$/.test(id));
  return records.map(({ id }, i) => (areNumbers ? Number(id) : i + 1));
}

/** The number of each class in COCO's files. */
export function cocoCategoryIds({ classes, categoryIds }: Dataset): readonly number[] {
  return categoryIds ?? classes.map((_, label) => label + 1);
}
