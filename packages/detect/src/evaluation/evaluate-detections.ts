import { accumulate, FALSE_POSITIVE, IGNORED, type PrecisionRecall, TRUE_POSITIVE } from './accumulate.js';
import { type Arrangement, arrange, type Cell, cellsOf, itemsOf, ranksWithin } from './arrange.js';
import type { CocoAnnotation, CocoGroundTruth, DetectionList } from './coco-format.js';
import { type Shapes, shapesOf } from './geometry.js';
import { type ImageMatches, type ImageObjects, matchImage } from './match-image.js';
import { type AreaRange, type EvaluationParameters, evaluationParameters } from './parameters.js';
import { stableDescending } from './stable-order.js';

/** Curves of every category, range of areas and limit of detections. */
export interface DetectionEvaluation {
  readonly parameters: EvaluationParameters;
  /** Category ids, rising. */
  readonly categories: readonly number[];
  /** Their names, or ids where the file has none. */
  readonly categoryNames: readonly string[];
  /** Whether an annotation has the id 0: pycocotools counts its object as missed whatever was detected, and so do these numbers. */
  readonly hasZeroId: boolean;
  /** `[category][area range][limit of detections]` */
  readonly curves: readonly (readonly (readonly PrecisionRecall[])[])[];
}

/**
 * Compares detections with ground truth as pycocotools does, digit by digit; `summarize` makes the twelve numbers of it.
 * Time and memory are linear in images and detections (and in pairs of a detection and an object of the same image and
 * category). Detections of other images and categories than the ground truth's are left out; files are checked by
 * `parseGroundTruth` and `parseDetections`.
 * @param changed parameters that are not COCO's
 * @throws NatsError `attribute` for parameters that make no sense, `not-finite` for a score that is not a number, `malformed`
 * for masks or boxes that are missing or broken
 */
export function evaluateDetections(
  groundTruth: CocoGroundTruth,
  detections: DetectionList,
  changed?: Partial<EvaluationParameters>,
): DetectionEvaluation {
  const parameters = evaluationParameters(changed);
  const arrangement = arrange(groundTruth, detections, parameters.maxDetections.at(-1)!);
  const shapes = shapesOf(parameters.iouType, groundTruth, detections);
  const names = new Map(groundTruth.categories.map(({ id, name }) => [id, name ?? String(id)]));
  const { categories } = arrangement;
  // One for all categories without objects.
  let empty: PrecisionRecall[][] | undefined;
  return {
    parameters,
    categories,
    categoryNames: categories.map((id) => names.get(id)!),
    hasZeroId: groundTruth.annotations.some(({ id }) => id === 0),
    curves: categories.map((_, k) => {
      const cells = cellsOf(arrangement, k);
      if (cells.length === 0) {
        empty ??= withoutObjects(parameters);
        return empty;
      }
      const found = itemsOf(arrangement.detections, k);
      const ranked = rankDetections(found, arrangement.detections, parameters.maxDetections);
      const category = { cells, shapes: shapes(found), ...ranked };
      return evaluateCategory(category, groundTruth, parameters);
    }),
  };
}

function withoutObjects({ iouThresholds, recallThresholds, areaRanges, maxDetections }: EvaluationParameters) {
  const nothing = { outcomes: new Uint8Array(0), levels: new Uint8Array(0), objects: 0 };
  return areaRanges.map(() => accumulate(nothing, iouThresholds.length, recallThresholds, maxDetections.length));
}

/** One category: detections numbered image by image, in falling order of score within an image. */
interface Category extends RankedDetections {
  readonly cells: readonly Cell[];
  readonly shapes: Shapes;
}

interface RankedDetections {
  /** The place of each detection in falling order of score over all images. */
  readonly places: Int32Array;
  /** For each place: number of the smallest limit of detections per image within which it counts. */
  readonly levels: Uint8Array;
}

function rankDetections(
  found: Int32Array,
  { imageOf, scores }: Arrangement['detections'],
  limits: readonly number[],
): RankedDetections {
  const ownScores = new Float64Array(found.length);
  for (let i = 0; i < ownScores.length; i++) ownScores[i] = scores[found[i]!]!;
  const order = stableDescending(ownScores);
  const ranks = ranksWithin(found, imageOf);
  const places = new Int32Array(found.length);
  const levels = new Uint8Array(found.length);
  for (let place = 0; place < order.length; place++) {
    places[order[place]!] = place;
    while (ranks[order[place]!]! >= limits[levels[place]!]!) levels[place]!++;
  }
  return { places, levels };
}

function evaluateCategory(
  category: Category,
  { annotations }: CocoGroundTruth,
  parameters: EvaluationParameters,
): PrecisionRecall[][] {
  const { iouThresholds, recallThresholds, areaRanges, maxDetections } = parameters;
  const thresholds = iouThresholds.length;
  const outcomes = areaRanges.map((range) => unmatchedOutcomes(category, range, thresholds));
  const objects = areaRanges.map(() => 0);
  for (const cell of category.cells) {
    const { image, ids } = compare(cell, category.shapes, annotations);
    for (let a = 0; a < areaRanges.length; a++) {
      const matches = matchImage(image, areaRanges[a]!, iouThresholds);
      for (let g = 0; g < matches.counts.length; g++) objects[a]! += matches.counts[g]!;
      recordMatches(matches, ids, category.places.subarray(cell.first, cell.last), outcomes[a]!, thresholds);
    }
  }
  return areaRanges.map((_, a) => {
    const ranked = { outcomes: outcomes[a]!, levels: category.levels, objects: objects[a]! };
    return accumulate(ranked, thresholds, recallThresholds, maxDetections.length);
  });
}

/** `[thresholds, places]`: without objects, detections of other sizes do not count and all others are wrong. */
function unmatchedOutcomes({ shapes, places }: Category, { from, to }: AreaRange, thresholds: number): Uint8Array {
  const total = places.length;
  const outcomes = new Uint8Array(thresholds * total);
  for (let d = 0; d < total; d++) {
    const area = shapes.areas[d]!;
    outcomes[places[d]!] = area < from || area > to ? IGNORED : FALSE_POSITIVE;
  }
  for (let t = 1; t < thresholds; t++) outcomes.copyWithin(t * total, 0, total);
  return outcomes;
}

function compare(
  { objects, first, last }: Cell,
  shapes: Shapes,
  annotations: readonly CocoAnnotation[],
): { image: ImageObjects; ids: Float64Array } {
  const count = objects.length;
  const image = { areas: new Float64Array(count), crowd: new Uint8Array(count) };
  const ids = new Float64Array(count);
  for (let g = 0; g < count; g++) {
    const { area, iscrowd = 0, id } = annotations[objects[g]!]!;
    image.areas[g] = area;
    image.crowd[g] = iscrowd;
    ids[g] = id;
  }
  return { image: { ...image, overlaps: shapes.overlaps(first, last, objects, image.crowd) }, ids };
}

/** Puts what the detections of an image matched to their places. */
function recordMatches(
  { objectOf, counts }: ImageMatches,
  ids: Float64Array,
  places: Int32Array,
  outcomes: Uint8Array,
  thresholds: number,
): void {
  const total = outcomes.length / thresholds;
  for (let t = 0, i = 0; t < thresholds; t++) {
    for (let d = 0; d < places.length; d++, i++) {
      const g = objectOf[i]!;
      if (g < 0) continue;
      if (counts[g] === 0) outcomes[t * total + places[d]!] = IGNORED;
      // pycocotools takes a match with the object of id 0 for no match; so do we.
      else if (ids[g] !== 0) outcomes[t * total + places[d]!] = TRUE_POSITIVE;
    }
  }
}
