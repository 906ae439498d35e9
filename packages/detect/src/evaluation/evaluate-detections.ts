import { accumulate, type PrecisionRecall } from './accumulate.js';
import { arrange, type Cell, cellsOf } from './arrange.js';
import type { CocoDetection, CocoGroundTruth } from './coco-format.js';
import { type Compare, comparison } from './geometry.js';
import { type ImageMatches, matchImage } from './match-image.js';
import { type EvaluationParameters, evaluationParameters } from './parameters.js';
import { stableDescending } from './stable-order.js';

/** Curves of every category, range of areas and limit of detections. */
export interface DetectionEvaluation {
  readonly parameters: EvaluationParameters;
  /** Category ids, rising. */
  readonly categories: readonly number[];
  /** Their names, or ids where the file has none. */
  readonly categoryNames: readonly string[];
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
  detections: readonly CocoDetection[],
  changed?: Partial<EvaluationParameters>,
): DetectionEvaluation {
  const parameters = evaluationParameters(changed);
  const arrangement = arrange(groundTruth, detections);
  const names = new Map(groundTruth.categories.map(({ id, name }) => [id, name ?? String(id)]));
  const context: Context = {
    groundTruth,
    detections,
    parameters,
    compare: comparison(parameters.iouType, groundTruth, detections),
  };
  const limit = parameters.maxDetections.at(-1)!;
  return {
    parameters,
    categories: arrangement.categories,
    categoryNames: arrangement.categories.map((id) => names.get(id)!),
    curves: arrangement.categories.map((_, k) => evaluateCategory(cellsOf(arrangement, k, limit), context)),
  };
}

interface Context {
  readonly groundTruth: CocoGroundTruth;
  readonly detections: readonly CocoDetection[];
  readonly parameters: EvaluationParameters;
  readonly compare: Compare;
}

function evaluateCategory(cells: readonly Cell[], context: Context): PrecisionRecall[][] {
  const { iouThresholds, recallThresholds, areaRanges, maxDetections } = context.parameters;
  const total = cells.reduce((sum, cell) => sum + cell.detections.length, 0);
  const { places, ranks } = rankDetections(cells, total, context.detections);
  const outcomes = areaRanges.map(() => new Uint8Array(iouThresholds.length * total));
  const objects = areaRanges.map(() => 0);
  let first = 0;
  for (const cell of cells) {
    const ofRanges = matchCell(cell, context);
    const cellPlaces = places.subarray(first, first + cell.detections.length);
    for (let a = 0; a < ofRanges.length; a++) {
      objects[a]! += ofRanges[a]!.objects;
      spread(ofRanges[a]!.outcomes, cellPlaces, outcomes[a]!, total);
    }
    first += cell.detections.length;
  }
  return areaRanges.map((_, a) => {
    const ranked = { outcomes: outcomes[a]!, ranks, objects: objects[a]! };
    return maxDetections.map((limit) => accumulate(ranked, iouThresholds.length, recallThresholds, limit));
  });
}

/**
 * The order of a category's detections over all images, by falling score: the place of each detection (image by image), and
 * the rank within its image of the detection in each place.
 */
function rankDetections(
  cells: readonly Cell[],
  total: number,
  detections: readonly CocoDetection[],
): { places: Int32Array; ranks: Int32Array } {
  const scores = new Float64Array(total);
  const rankOf = new Int32Array(total);
  let filled = 0;
  for (const cell of cells) {
    for (let rank = 0; rank < cell.detections.length; rank++, filled++) {
      scores[filled] = detections[cell.detections[rank]!]!.score;
      rankOf[filled] = rank;
    }
  }
  const order = stableDescending(scores);
  const places = new Int32Array(total);
  for (let place = 0; place < total; place++) places[order[place]!] = place;
  return { places, ranks: order.map((i) => rankOf[i]!) };
}

function matchCell({ objects, detections }: Cell, { groundTruth, parameters, compare }: Context): ImageMatches[] {
  const annotations = groundTruth.annotations;
  const crowd = Uint8Array.from(objects, (g) => annotations[g]!.iscrowd ?? 0);
  const { areas: detectionAreas, overlaps } = compare(detections, objects, crowd);
  const image = {
    areas: Float64Array.from(objects, (g) => annotations[g]!.area),
    crowd,
    ids: Float64Array.from(objects, (g) => annotations[g]!.id),
    detectionAreas,
    overlaps,
  };
  return parameters.areaRanges.map((range) => matchImage(image, range, parameters.iouThresholds));
}

/** Puts the outcomes of one image, `[thresholds, detections]`, to the places of its detections, `[thresholds, total]`. */
function spread(from: Uint8Array, places: Int32Array, to: Uint8Array, total: number): void {
  for (let t = 0, i = 0; i < from.length; t++) {
    for (let d = 0; d < places.length; d++, i++) to[t * total + places[d]!] = from[i]!;
  }
}
