import { check } from '@nats/graph';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth, DetectionList } from './coco-format.js';
import { type Groups, groupStable, positionsUpTo, stableDescending } from './stable-order.js';

/** Annotations and detections of a dataset, each sorted by category, then image (both by rising id). */
export interface Arrangement {
  /** Ids, rising. */
  readonly categories: readonly number[];
  /** Positions of annotations, in the order of their file within an image and category. */
  readonly objects: Items;
  /** Positions of detections, in falling order of score within an image and category; scores in the order of the list. */
  readonly detections: Items & { readonly scores: Float64Array };
}

/** Groups are categories. */
export interface Items extends Groups {
  /** Place of the image of each item among the images, in the order of the items' list. */
  readonly imageOf: Int32Array;
}

/** The objects of one image and category, and its detections. */
export interface Cell {
  /** Positions in the list of annotations; at least one. */
  readonly objects: Int32Array;
  /** The image's detections are those from number `first` up to `last` of the category's. */
  readonly first: number;
  readonly last: number;
}

/**
 * Sorts annotations and detections in linear time. Detections of categories or images that the ground truth does not have
 * are left out.
 * @param limit most detections of an image and category; the best are kept
 * @throws NatsError `not-finite` for a score that is not a number
 */
export function arrange(groundTruth: CocoGroundTruth, detections: DetectionList, limit: number): Arrangement {
  const categories = groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
  const images = groundTruth.images.map(({ id }) => id).sort((a, b) => a - b);
  const index = { categories: places(categories), images: places(images) };
  const scores = new Float64Array(detections.length);
  const found = groupItems(detections, index, ({ score }, d) => {
    check(!Number.isNaN(score) && typeof score === 'number', 'not-finite', () => ({
      rule: 'a score is a number',
      received: String(score),
      where: `detections[${d}].score`,
    }));
    scores[d] = score;
  });
  sortCells(found, scores);
  return {
    categories,
    objects: groupItems(groundTruth.annotations, index),
    detections: { ...keepBest(found, limit), scores },
  };
}

interface Index {
  readonly categories: ReadonlyMap<number, number>;
  readonly images: ReadonlyMap<number, number>;
}

function places(ids: readonly number[]): Map<number, number> {
  return new Map(ids.map((id, i) => [id, i]));
}

/** Items of a category and image stay in their order. @param see is given each once */
function groupItems<T extends CocoAnnotation | CocoDetection>(
  items: { readonly length: number; at(index: number): T | undefined },
  { categories, images }: Index,
  see?: (item: T, index: number) => void,
): Items {
  const imageOf = new Int32Array(items.length);
  const categoryOf = new Int32Array(items.length);
  // Files go on from image to image.
  let [image, place] = [Number.NaN, -1];
  for (let i = 0; i < items.length; i++) {
    const item = items.at(i)!;
    if (item.image_id !== image) [image, place] = [item.image_id, images.get(item.image_id) ?? -1];
    imageOf[i] = place;
    categoryOf[i] = categories.get(item.category_id) ?? -1;
    see?.(item, i);
  }
  const byImage = groupStable(positionsUpTo(items.length), imageOf, images.size);
  return { ...groupStable(byImage.order, categoryOf, categories.size), imageOf };
}

/** Sorts the items of each category and image by falling score, equal ones in their order: one or two mostly. */
function sortCells({ order, starts, imageOf }: Items, scores: Float64Array): void {
  for (let k = 0; k + 1 < starts.length; k++) {
    const end = starts[k + 1]!;
    for (let from = starts[k]!, until = from; from < end; from = until) {
      const image = imageOf[order[from]!]!;
      while (until < end && imageOf[order[until]!] === image) until++;
      if (until - from > 1) sortByScore(order.subarray(from, until), scores);
    }
  }
}

/** Below this many items, insertion is the fastest way to sort. */
const FEW = 24;

function sortByScore(items: Int32Array, scores: Float64Array): void {
  if (items.length > FEW) {
    const sorted = stableDescending(Float64Array.from(items, (d) => scores[d]!)).map((i) => items[i]!);
    items.set(sorted);
    return;
  }
  for (let i = 1; i < items.length; i++) {
    const item = items[i]!;
    const score = scores[item]!;
    let at = i;
    for (; at > 0 && scores[items[at - 1]!]! < score; at--) items[at] = items[at - 1]!;
    items[at] = item;
  }
}

/** At most the first `limit` of each category and image. */
function keepBest({ order, starts, imageOf }: Items, limit: number): Items {
  const kept = new Int32Array(order.length);
  const keptStarts = new Int32Array(starts.length);
  let count = 0;
  for (let k = 0; k + 1 < starts.length; k++) {
    const ranks = ranksWithin(order.subarray(starts[k], starts[k + 1]), imageOf);
    for (let i = 0; i < ranks.length; i++) if (ranks[i]! < limit) kept[count++] = order[starts[k]! + i]!;
    keptStarts[k + 1] = count;
  }
  return { order: kept.subarray(0, count), starts: keptStarts, imageOf };
}

/** For each of some items sorted by image: how many of its image come before it. */
export function ranksWithin(items: Int32Array, imageOf: Int32Array): Int32Array {
  const ranks = new Int32Array(items.length);
  for (let i = 1; i < items.length; i++) {
    ranks[i] = imageOf[items[i]!] === imageOf[items[i - 1]!] ? ranks[i - 1]! + 1 : 0;
  }
  return ranks;
}

/** Items of a category. */
export function itemsOf({ order, starts }: Groups, category: number): Int32Array {
  return order.subarray(starts[category], starts[category + 1]);
}

/** Images with objects of a category. */
export function cellsOf({ objects, detections }: Arrangement, category: number): Cell[] {
  const [truth, found] = [itemsOf(objects, category), itemsOf(detections, category)];
  const cells: Cell[] = [];
  for (let g = 0, d = 0; g < truth.length; ) {
    const image = objects.imageOf[truth[g]!]!;
    const start = g;
    while (g < truth.length && objects.imageOf[truth[g]!] === image) g++;
    while (d < found.length && detections.imageOf[found[d]!]! < image) d++;
    const first = d;
    while (d < found.length && detections.imageOf[found[d]!] === image) d++;
    cells.push({ objects: truth.subarray(start, g), first, last: d });
  }
  return cells;
}
