import type { CocoSegmentation } from '../masks/coco-mask.js';
import { FARTHEST } from '../masks/mask-polygon.js';
import { type PackedPolygons, plainSegmentation } from '../masks/packed-polygons.js';
import { decodeMask, encodeMaskPart, maskBox, mergeMasks, type RleMask } from '../masks/rle-mask.js';
import { type MaskSize, segmentationMask } from '../masks/segmentation.js';
import type { Box } from './box.js';
import type { Placement } from './placement.js';

/** Where something moves along both axes: `x * scaleX + x`, `y * scaleY + y`. A placement is one. */
export type AxisMap = Pick<Placement, 'x' | 'y' | 'scaleX' | 'scaleY'>;

/**
 * The mask of one object of a picture, not drawn yet: what a file says of it, and what happened to the picture since. Plain
 * data, which may be sent to threads.
 */
export interface ObjectMask {
  /** In pixels of the original image. */
  readonly segmentation: CocoSegmentation;
  /** Of the original image. */
  readonly size: MaskSize;
  /** From the original image to the picture; a negative scale mirrors. */
  readonly map: AxisMap;
  /** In the picture: outside of it nothing is left, whatever pictures it comes to lie on. */
  readonly visible?: Box;
}

const UNMOVED: AxisMap = { x: 0, y: 0, scaleX: 1, scaleY: 1 };

/** The mask of an object of an original image. */
export function objectMask(segmentation: CocoSegmentation | PackedPolygons, { height, width }: MaskSize): ObjectMask {
  return { segmentation: plainSegmentation(segmentation), size: { height, width }, map: UNMOVED };
}

/** The mask after its picture was moved, scaled or mirrored: the map of the boxes and pixels. */
export function moveMask(mask: ObjectMask, map: AxisMap): ObjectMask {
  const { scaleX, scaleY } = map;
  return {
    ...mask,
    map: {
      x: scaleX * mask.map.x + map.x,
      y: scaleY * mask.map.y + map.y,
      scaleX: scaleX * mask.map.scaleX,
      scaleY: scaleY * mask.map.scaleY,
    },
    ...(mask.visible && { visible: movedRectangle(mask.visible, map) }),
  };
}

function movedRectangle([x1, y1, x2, y2]: Box, { x, y, scaleX, scaleY }: AxisMap): Box {
  const [left, right] = [x1 * scaleX + x, x2 * scaleX + x];
  const [top, bottom] = [y1 * scaleY + y, y2 * scaleY + y];
  return [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
}

/** The mask after its picture was cut at a rectangle. */
export function cutMask(mask: ObjectMask, [x1, y1, x2, y2]: Box): ObjectMask {
  const [left, top, right, bottom] = mask.visible ?? [x1, y1, x2, y2];
  return {
    ...mask,
    visible: [Math.max(left, x1), Math.max(top, y1), Math.min(right, x2), Math.min(bottom, y2)],
  };
}

/**
 * The pixels of the object in a picture. Polygons are moved exactly and drawn there, as COCO's tools draw them; of a mask in
 * runs each pixel of the picture takes what lies under its middle.
 * @throws NatsError `malformed` for a broken segmentation; readers of files check theirs
 */
export function drawMask(mask: ObjectMask, picture: MaskSize): RleMask {
  const { segmentation, size, map, visible } = mask;
  const drawn = 'counts' in segmentation ? movedRuns(segmentationMask(segmentation, size), map, picture) : undefined;
  const whole = drawn ?? segmentationMask(movedPolygons(segmentation as readonly (readonly number[])[], map), picture);
  return visible ? mergeMasks([whole, rectangleMask(visible, picture)], 'intersection') : whole;
}

/** Whether the mask lies in the picture as in the original image: whether its segmentation is that of the picture. */
export function isUnmoved({ map, size, visible }: ObjectMask, picture: MaskSize): boolean {
  const near = (value: number, expected: number) => Math.abs(value - expected) < 1e-6;
  const stays = near(map.scaleX, 1) && near(map.scaleY, 1) && near(map.x, 0) && near(map.y, 0);
  return stays && !visible && size.height === picture.height && size.width === picture.width;
}

/** Points that go on farther are beyond every picture there. */
function movedPolygons(
  polygons: readonly (readonly number[])[],
  { x, y, scaleX, scaleY }: AxisMap,
): (readonly number[])[] {
  const inReach = (value: number) => Math.max(-FARTHEST, Math.min(value, FARTHEST));
  return polygons.map((points) =>
    points.map((value, i) => inReach(i % 2 === 0 ? value * scaleX + x : value * scaleY + y)),
  );
}

function movedRuns(mask: RleMask, map: AxisMap, picture: MaskSize): RleMask {
  const [left, top, width, height] = maskBox(mask);
  const part = coveredPixels(movedRectangle([left, top, left + width, top + height], map), picture);
  const pixels = decodeMask(mask);
  const columns = sources(part.x, part.width, map.scaleX, map.x, mask.width);
  const rows = sources(part.y, part.height, map.scaleY, map.y, mask.height);
  const moved = new Uint8Array(part.width * part.height);
  for (let y = 0; y < part.height; y++) {
    for (let x = 0; x < part.width; x++) moved[y * part.width + x] = pixels[rows[y]! * mask.width + columns[x]!]!;
  }
  return encodeMaskPart(moved, part, picture);
}

/** Which pixel of the original lies under the middle of each pixel of the picture. */
function sources(start: number, count: number, scale: number, shift: number, limit: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) =>
    Math.max(0, Math.min(Math.floor((start + i + 0.5 - shift) / scale), limit - 1)),
  );
}

function rectangleMask(rectangle: Box, picture: MaskSize): RleMask {
  const part = coveredPixels(rectangle, picture);
  return encodeMaskPart(new Uint8Array(part.width * part.height).fill(1), part, picture);
}

/** Pixels of the picture whose middles lie in a rectangle. */
function coveredPixels([x1, y1, x2, y2]: Box, { height, width }: MaskSize) {
  const first = (value: number, limit: number) => Math.max(0, Math.min(Math.ceil(value - 0.5), limit));
  const [x, y] = [first(x1, width), first(y1, height)];
  return { x, y, width: Math.max(0, first(x2, width) - x), height: Math.max(0, first(y2, height) - y) };
}
