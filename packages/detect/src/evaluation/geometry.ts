import { check } from '@nats/graph';
import { boxOverlaps } from './box-overlaps.js';
import type { CocoBox, CocoDetection, CocoGroundTruth, IouType } from './coco-format.js';
import { maskOverlaps } from './mask-overlaps.js';
import { boxMask } from './mask-polygon.js';
import { type MaskRuns, maskArea, maskBox } from './mask-runs.js';
import { type MaskSize, segmentationMask } from './segmentation.js';

/** What one image's detections and objects of a category look like, compared. */
export interface Comparison {
  /** Of each detection in square pixels; decides which ranges of areas it belongs to. */
  readonly areas: Float64Array;
  /** `[detections, objects]`, row-major. */
  readonly overlaps: Float64Array;
}

/** Compares some detections with some objects, given by their positions in the two lists; `crowd` is of these objects. */
export type Compare = (detections: Int32Array, objects: Int32Array, crowd: Uint8Array) => Comparison;

/** Comparison by boxes or by masks, with the areas that pycocotools takes (COCO.loadRes). */
export function comparison(
  iouType: IouType,
  groundTruth: CocoGroundTruth,
  detections: readonly CocoDetection[],
): Compare {
  return iouType === 'bbox' ? compareBoxes(groundTruth, detections) : compareMasks(groundTruth, detections);
}

/** The first detection speaks for all. */
export function haveBoxes(detections: readonly CocoDetection[]): boolean {
  const box = detections[0]?.bbox;
  return box !== undefined && box.length > 0;
}

function compareBoxes(groundTruth: CocoGroundTruth, detections: readonly CocoDetection[]): Compare {
  const sizeOf = imageSizes(groundTruth);
  const boxed = haveBoxes(detections);
  const maskAt = (d: number) => detectionMask(detections[d]!, d, sizeOf);
  const empty = new Float64Array(0);
  return (found, objects, crowd) => {
    const masks = boxed ? [] : Array.from(found, maskAt);
    const boxes = boxed ? Array.from(found, (d) => boxAt(detections, d)) : masks.map(maskBox);
    const areas = boxed ? Float64Array.from(boxes, boxArea) : Float64Array.from(masks, maskArea);
    if (boxes.length === 0 || objects.length === 0) return { areas, overlaps: empty };
    const objectBoxes = Array.from(objects, (g) => groundTruth.annotations[g]!.bbox);
    return { areas, overlaps: boxOverlaps(boxes, objectBoxes, crowd) };
  };
}

function compareMasks(groundTruth: CocoGroundTruth, detections: readonly CocoDetection[]): Compare {
  const sizeOf = imageSizes(groundTruth);
  const boxed = haveBoxes(detections);
  const objectAt = (g: number) => {
    const { image_id, segmentation } = groundTruth.annotations[g]!;
    const where = `annotations[${g}]`;
    check(segmentation !== undefined, 'malformed', () => missing('segmentation', where));
    return segmentationMask(segmentation, sizeOf(image_id), `${where}.segmentation`);
  };
  return (found, objects, crowd) => {
    const masks = Array.from(found, (d) => detectionMask(detections[d]!, d, sizeOf));
    const areas = boxed
      ? Float64Array.from(found, (d) => boxArea(boxAt(detections, d)))
      : Float64Array.from(masks, maskArea);
    return { areas, overlaps: maskOverlaps(masks, Array.from(objects, objectAt), crowd) };
  };
}

function detectionMask(detection: CocoDetection, d: number, sizeOf: (image: number) => MaskSize): MaskRuns {
  const { image_id, bbox, segmentation } = detection;
  const size = sizeOf(image_id);
  if (segmentation !== undefined) return segmentationMask(segmentation, size, `detections[${d}].segmentation`);
  check(bbox !== undefined, 'malformed', () => missing('segmentation', `detections[${d}]`));
  return boxMask(bbox, size.height, size.width, `detections[${d}].bbox`);
}

function boxAt(detections: readonly CocoDetection[], d: number): CocoBox {
  const { bbox } = detections[d]!;
  check(bbox !== undefined, 'malformed', () => missing('bbox', `detections[${d}]`));
  return bbox;
}

function boxArea([, , width, height]: CocoBox): number {
  return width * height;
}

function missing(field: string, where: string) {
  return { rule: `a ${field} is expected here`, received: 'nothing', where: `${where}.${field}` };
}

/**
 * Sizes of images by id. They are looked at when the first is asked for: without masks, a file need not have them.
 * @param file the ground truth's name, for messages
 */
export function imageSizes({ images }: CocoGroundTruth, file = ''): (id: number) => MaskSize {
  let sizes: Map<number, MaskSize> | undefined;
  return (id) => {
    sizes ??= new Map(
      images.map(({ id, height, width }, i) => {
        check(isSide(height) && isSide(width) && height * width < 2 ** 32, 'malformed', () => ({
          rule: 'masks need the height and width of their image, positive whole numbers of pixels',
          received: `${height} and ${width}`,
          limit: 'less than 2^32 pixels',
          where: `${file && `${file}, `}images[${i}]`,
        }));
        return [id, { height, width }];
      }),
    );
    const size = sizes.get(id);
    check(size !== undefined, 'malformed', () => ({
      rule: 'an image id is one of the ground truth',
      received: String(id),
    }));
    return size;
  };
}

function isSide(value: number | undefined): value is number {
  return Number.isInteger(value) && value! > 0;
}
