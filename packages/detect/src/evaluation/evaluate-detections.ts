import { accumulate, type PrecisionRecall, type ScoredMatches } from './accumulate.js';
import { boxOverlaps } from './box-overlaps.js';
import type { CocoAnnotation, CocoDetection, CocoGroundTruth } from './coco-format.js';
import { matchImage } from './match-image.js';
import { stableDescending } from './numpy.js';
import { COCO_PARAMETERS, type EvaluationParameters } from './parameters.js';

/** Curves of every category, range of areas and limit of detections. */
export interface DetectionEvaluation {
  readonly parameters: EvaluationParameters;
  /** Category ids, rising. */
  readonly categories: readonly number[];
  /** `[category][area range][limit of detections]` */
  readonly curves: readonly (readonly (readonly PrecisionRecall[])[])[];
}

/** Objects and detections of one image and category, in the order of their files. */
interface Cell {
  readonly objects: CocoAnnotation[];
  readonly detections: CocoDetection[];
}

/**
 * Compares detections with ground truth as pycocotools does, digit by digit. Linear in images and detections.
 * `summarize` makes the twelve numbers of it.
 */
export function evaluateDetections(
  groundTruth: CocoGroundTruth,
  detections: readonly CocoDetection[],
  parameters: EvaluationParameters = COCO_PARAMETERS,
): DetectionEvaluation {
  const categories = groundTruth.categories.map(({ id }) => id).sort((a, b) => a - b);
  const images = groundTruth.images.map(({ id }) => id).sort((a, b) => a - b);
  const cells = cellsByCategory(groundTruth.annotations, detections);
  const curves = categories.map((category) => {
    const ofCategory = cells.get(category) ?? new Map<number, Cell>();
    const present = images.flatMap((image) => ofCategory.get(image) ?? []);
    return evaluateCategory(present, parameters);
  });
  return { parameters, categories, curves };
}

function cellsByCategory(
  annotations: readonly CocoAnnotation[],
  detections: readonly CocoDetection[],
): Map<number, Map<number, Cell>> {
  const categories = new Map<number, Map<number, Cell>>();
  const cellOf = ({ category_id, image_id }: CocoAnnotation | CocoDetection): Cell => {
    let images = categories.get(category_id);
    if (!images) {
      images = new Map();
      categories.set(category_id, images);
    }
    let cell = images.get(image_id);
    if (!cell) {
      cell = { objects: [], detections: [] };
      images.set(image_id, cell);
    }
    return cell;
  };
  for (const annotation of annotations) cellOf(annotation).objects.push(annotation);
  for (const detection of detections) cellOf(detection).detections.push(detection);
  return categories;
}

function evaluateCategory(cells: readonly Cell[], parameters: EvaluationParameters): PrecisionRecall[][] {
  const { iouThresholds, recallThresholds, areaRanges, maxDetections } = parameters;
  const matches: ScoredMatches[][] = areaRanges.map(() => []);
  for (const cell of cells) {
    const ofRanges = matchCell(cell, parameters);
    for (const [a, ofRange] of ofRanges.entries()) matches[a]!.push(ofRange);
  }
  return matches.map((images) =>
    maxDetections.map((limit) => accumulate(images, iouThresholds.length, recallThresholds, limit)),
  );
}

function matchCell({ objects, detections }: Cell, parameters: EvaluationParameters): ScoredMatches[] {
  const limit = parameters.maxDetections.at(-1)!;
  const order = stableDescending(detections.map(({ score }) => score)).subarray(0, limit);
  const best = Array.from(order, (i) => detections[i]!);
  const crowd = objects.map(({ iscrowd = 0 }) => iscrowd);
  const image = {
    areas: objects.map(({ area }) => area),
    crowd,
    ids: objects.map(({ id }) => id),
    detectionAreas: best.map(({ bbox }) => bbox[2] * bbox[3]),
    overlaps: boxOverlaps(flatBoxes(best), flatBoxes(objects), crowd),
  };
  const scores = Float64Array.from(best, ({ score }) => score);
  return parameters.areaRanges.map((range) => ({ ...matchImage(image, range, parameters), scores }));
}

function flatBoxes(items: readonly { readonly bbox: readonly number[] }[]): Float64Array {
  const flat = new Float64Array(items.length * 4);
  for (const [i, { bbox }] of items.entries()) flat.set(bbox, i * 4);
  return flat;
}
