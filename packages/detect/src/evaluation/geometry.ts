import { check } from '@nats/graph';
import type { CocoBox } from '../masks/coco-mask.js';
import { boxMask } from '../masks/mask-polygon.js';
import { maskArea, maskBox, type RleMask } from '../masks/rle-mask.js';
import { type MaskSize, segmentationMask } from '../masks/segmentation.js';
import type { CocoDetection, CocoGroundTruth, DetectionList, IouType } from './coco-format.js';
import { cocoIou } from './coco-iou.js';
import { maskOverlaps } from './mask-overlaps.js';

/** The detections of a category, ready to be compared. */
export interface Shapes {
  /** Of each in square pixels; decides which ranges of areas it belongs to. */
  readonly areas: Float64Array;
  /**
   * Overlaps, row-major, of the detections of one image (numbers `first` up to `last` of the category's) with its objects
   * (positions in the list of annotations); `crowd` is 1 for each object that is one.
   */
  overlaps(first: number, last: number, objects: Int32Array, crowd: Uint8Array): Float64Array;
}

/** Looks up detections, given by their positions in the list. */
export type ShapesOf = (detections: Int32Array) => Shapes;

/** Boxes or masks, with the areas that pycocotools takes (COCO.loadRes). */
export function shapesOf(iouType: IouType, groundTruth: CocoGroundTruth, detections: DetectionList): ShapesOf {
  return iouType === 'bbox' ? boxShapes(groundTruth, detections) : maskShapes(groundTruth, detections);
}

/** The first detection speaks for all. */
export function haveBoxes(detections: DetectionList): boolean {
  const box = detections.at(0)?.bbox;
  return Array.isArray(box) && box.length > 0;
}

function boxShapes(groundTruth: CocoGroundTruth, detections: DetectionList): ShapesOf {
  const sizeOf = imageSizes(groundTruth);
  const boxed = haveBoxes(detections);
  const areasOf = boxAreas(detections);
  return (found) => {
    const masks = boxed ? [] : Array.from(found, (d) => detectionMask(detections.at(d)!, d, sizeOf));
    return {
      areas: boxed ? areasOf(found) : Float64Array.from(masks, maskArea),
      overlaps: (first, last, objects, crowd) => {
        const objectBoxes = Array.from(objects, (g) => groundTruth.annotations[g]!.bbox);
        // Most detections have no object of their category in their image: boxes are made for the others alone.
        const boxes = boxed
          ? Array.from(found.subarray(first, last), (d) => boxAt(detections, d))
          : masks.slice(first, last).map(maskBox);
        return cocoIou(boxes, objectBoxes, crowd);
      },
    };
  };
}

function maskShapes(groundTruth: CocoGroundTruth, detections: DetectionList): ShapesOf {
  const sizeOf = imageSizes(groundTruth);
  const boxed = haveBoxes(detections);
  const areasOf = boxAreas(detections);
  const objectMask = (g: number) => {
    const { image_id, segmentation } = groundTruth.annotations[g]!;
    const where = `annotations[${g}]`;
    check(segmentation !== undefined, 'malformed', () => missing('segmentation', where));
    return segmentationMask(segmentation, sizeOf(image_id), `${where}.segmentation`);
  };
  return (found) => {
    const masks = Array.from(found, (d) => detectionMask(detections.at(d)!, d, sizeOf));
    return {
      areas: boxed ? areasOf(found) : Float64Array.from(masks, maskArea),
      overlaps: (first, last, objects, crowd) =>
        maskOverlaps(masks.slice(first, last), Array.from(objects, objectMask), crowd),
    };
  };
}

function detectionMask(detection: CocoDetection, d: number, sizeOf: (image: number) => MaskSize): RleMask {
  const { image_id, bbox, segmentation } = detection;
  const size = sizeOf(image_id);
  if (segmentation !== undefined) return segmentationMask(segmentation, size, `detections[${d}].segmentation`);
  check(bbox !== undefined, 'malformed', () => missing('segmentation', `detections[${d}]`));
  return boxMask(bbox, size.height, size.width, `detections[${d}].bbox`);
}

function boxAt(detections: DetectionList, d: number): CocoBox {
  const { bbox } = detections.at(d)!;
  check(bbox !== undefined, 'malformed', () => missing('bbox', `detections[${d}]`));
  return bbox;
}

/** Areas of boxes. All of them are computed in the order of the list when the first are asked for: memory likes that. */
function boxAreas(detections: DetectionList): (found: Int32Array) => Float64Array {
  let all: Float64Array | undefined;
  return (found) => {
    if (all === undefined) {
      all = new Float64Array(detections.length);
      for (let d = 0; d < all.length; d++) {
        const box = detections.at(d)!.bbox;
        all[d] = box ? box[2] * box[3] : Number.NaN;
      }
    }
    const areas = new Float64Array(found.length);
    for (let i = 0; i < areas.length; i++) {
      areas[i] = all[found[i]!]!;
      if (Number.isNaN(areas[i])) boxAt(detections, found[i]!);
    }
    return areas;
  };
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
