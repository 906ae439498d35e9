import { check } from '@nats/graph';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth } from './coco-format.js';
import { type Groups, groupStable, stableDescending } from './stable-order.js';

/** Annotations and detections of a dataset, each sorted by category, then image. Categories and images by rising id. */
export interface Arrangement {
  /** Ids, rising. */
  readonly categories: readonly number[];
  /** Positions of annotations, in the order of their file within an image and category. */
  readonly objects: Items;
  /** Positions of detections, in falling order of score within an image and category. */
  readonly detections: Items;
}

/** Groups are categories. */
export interface Items extends Groups {
  /** Position of the image of each item, in the order of the items' list. */
  readonly imageOf: Int32Array;
}

/** Objects and detections of one image and category: positions in the two lists. At least one is not empty. */
export interface Cell {
  readonly objects: Int32Array;
  readonly detections: Int32Array;
}

/**
 * Sorts annotations and detections in linear time. Detections of categories or images that the ground truth does not have
 * are left out.
 * @throws NatsError `not-finite` for a score that is not a number
 */
export function arrange(groundTruth: CocoGroundTruth, detections: readonly CocoDetection[]): Arrangement {
  const categories = groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
  const images = groundTruth.images.map(({ id }) => id).sort((a, b) => a - b);
  const index = { categories: positions(categories), images: positions(images) };
  const { annotations } = groundTruth;
  const scores = Float64Array.from(detections, ({ score }) => score);
  const bad = scores.findIndex(Number.isNaN);
  check(bad < 0, 'not-finite', () => ({
    rule: 'a score is a number',
    received: String(detections[bad]!.score),
    where: `detections[${bad}].score`,
  }));
  const inOrder = Int32Array.from(annotations, (_, i) => i);
  return {
    categories,
    objects: groupItems(annotations, inOrder, index),
    detections: groupItems(detections, stableDescending(scores), index),
  };
}

interface Index {
  readonly categories: ReadonlyMap<number, number>;
  readonly images: ReadonlyMap<number, number>;
}

function positions(ids: readonly number[]): Map<number, number> {
  return new Map(ids.map((id, i) => [id, i]));
}

function groupItems(
  items: readonly (CocoAnnotation | CocoDetection)[],
  order: Int32Array,
  { categories, images }: Index,
): Items {
  const imageOf = Int32Array.from(items, ({ image_id }) => images.get(image_id) ?? -1);
  const categoryOf = Int32Array.from(items, ({ category_id }) => categories.get(category_id) ?? -1);
  const byImage = groupStable(order, imageOf, images.size);
  return { ...groupStable(byImage.order, categoryOf, categories.size), imageOf };
}

/**
 * Images with objects or detections of a category, in their order.
 * @param category position in `categories`
 * @param limit most detections of an image; the best are kept
 */
export function cellsOf({ objects, detections }: Arrangement, category: number, limit: number): Cell[] {
  const cells: Cell[] = [];
  let [g, d] = [objects.starts[category]!, detections.starts[category]!];
  const [lastG, lastD] = [objects.starts[category + 1]!, detections.starts[category + 1]!];
  while (g < lastG || d < lastD) {
    const image = Math.min(imageAt(objects, g, lastG), imageAt(detections, d, lastD));
    const [firstG, firstD] = [g, d];
    while (imageAt(objects, g, lastG) === image) g++;
    while (imageAt(detections, d, lastD) === image) d++;
    cells.push({
      objects: objects.order.subarray(firstG, g),
      detections: detections.order.subarray(firstD, Math.min(d, firstD + limit)),
    });
  }
  return cells;
}

function imageAt({ order, imageOf }: Items, at: number, end: number): number {
  return at < end ? imageOf[order[at]!]! : Number.POSITIVE_INFINITY;
}
