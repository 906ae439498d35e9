import type { CocoDatasetFile } from '../data/coco-ground-truth.js';
import type { CocoDetection } from '../evaluation/coco-format.js';
import { type DetectionEvaluation, evaluateDetections } from '../evaluation/evaluate-detections.js';
import type { EvaluationParameters } from '../evaluation/parameters.js';
import { type DetectionSummary, summarize } from '../evaluation/summarize.js';
import { cocoMask } from '../masks/segmentation.js';
import type { Detections } from '../postprocess/detections.js';
import type { EvaluationImages } from './evaluation-images.js';

/** What became of masks, where a detector gives them. */
export interface EvaluatedMasks {
  readonly evaluation: DetectionEvaluation;
  readonly summary: DetectionSummary;
  /**
   * Masks alone, in the format of COCO's result files: sizes then go by the masks' areas, as in COCO's leaderboard,
   * Detectron2 and torchvision. With boxes, pycocotools would take those of the boxes.
   */
  readonly results: readonly CocoDetection[];
}

/** Compares masks as COCO does. @param groundTruth with a mask of every object, see `withCrowdMasks` */
export function evaluateMasks(
  groundTruth: CocoDatasetFile,
  detections: readonly Detections[],
  images: Pick<EvaluationImages, 'imageIds' | 'categoryIds'>,
  parameters: Partial<EvaluationParameters> = {},
): EvaluatedMasks {
  const results = cocoMaskDetections(detections, images);
  const evaluation = evaluateDetections(groundTruth, results, { ...parameters, iouType: 'segm' });
  return { evaluation, summary: summarize(evaluation), results };
}

/** Masks of images' detections, in order, in COCO's format. */
function cocoMaskDetections(
  detections: readonly Detections[],
  { imageIds, categoryIds }: Pick<EvaluationImages, 'imageIds' | 'categoryIds'>,
): CocoDetection[] {
  return detections.flatMap(({ masks = [], scores, labels }, image) =>
    masks.map((mask, k) => ({
      image_id: imageIds[image]!,
      category_id: categoryIds[labels[k]!]!,
      segmentation: cocoMask(mask),
      score: scores[k]!,
    })),
  );
}

/** Crowds without a mask get that of their box: what lies in them counts neither way. */
export function withCrowdMasks(groundTruth: CocoDatasetFile): CocoDatasetFile {
  const annotations = groundTruth.annotations.map((annotation) => {
    if (annotation.iscrowd !== 1 || annotation.segmentation) return annotation;
    const [x, y, width, height] = annotation.bbox;
    return { ...annotation, segmentation: [[x, y, x + width, y, x + width, y + height, x, y + height]] };
  });
  return { ...groundTruth, annotations };
}
