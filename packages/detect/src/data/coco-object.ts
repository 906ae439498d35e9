import type { Box } from './box.js';
import { idAt, type Key } from './coco-categories.js';
import type { DatasetObject } from './dataset.js';
import { FieldError, type Fields, listAt, numberAt, numberInText } from './fields.js';
import { AnnotationError } from './problem-list.js';

/** What an annotation says of an object beside its mask. */
export interface ObjectParts {
  /** [x1, y1, x2, y2] in pixels, as the file has it: not cut to the image. */
  readonly box: Box;
  readonly label: number;
  readonly crowd: boolean;
  readonly area: number | undefined;
}

/** In one piece where it has what most have: objects that are put together bit by bit take half as much memory again. */
export function objectOf(
  { box, label, crowd, area }: ObjectParts,
  zeroId: boolean,
  segmentation: DatasetObject['segmentation'],
): DatasetObject {
  if (!crowd && !zeroId && area !== undefined) {
    return segmentation ? { box, label, area, segmentation } : { box, label, area };
  }
  return {
    box,
    label,
    ...(crowd && { crowd: true }),
    ...(area !== undefined && { area }),
    ...(zeroId && { zeroId: true }),
    ...(segmentation && { segmentation }),
  };
}

/** Fields are named from the annotation on. @throws FieldError, AnnotationError `reference` for a category that the file lacks */
export function partsOf(annotation: Fields, labels: ReadonlyMap<Key, number>): ObjectParts {
  const label = labels.get(idAt(annotation.category_id, 'category_id'));
  if (label === undefined) {
    const rule = 'an annotation is of a known category';
    throw new AnnotationError('reference', 'category_id', rule, annotation.category_id);
  }
  const sides = listAt(annotation.bbox, 'bbox');
  if (sides.length !== 4) throw new FieldError('bbox', 'a box is [x, y, width, height]', sides);
  const x = numberAt(sides[0], 'bbox[0]');
  const y = numberAt(sides[1], 'bbox[1]');
  const width = numberAt(sides[2], 'bbox[2]');
  const height = numberAt(sides[3], 'bbox[3]');
  return {
    box: [x, y, x + width, y + height],
    label,
    crowd: isCrowd(annotation.iscrowd, 'iscrowd'),
    area: areaAt(annotation.area, 'area'),
  };
}

/** Python writes these where it does not know, and the parser reads them as texts. */
const NOT_KNOWN: ReadonlySet<unknown> = new Set([undefined, null, 'NaN', 'Infinity', '-Infinity']);

function areaAt(area: unknown, field: string): number | undefined {
  if (NOT_KNOWN.has(area)) return undefined;
  return typeof area === 'string' ? numberInText(area, field) : numberAt(area, field);
}

function isCrowd(value: unknown, field: string): boolean {
  if (value === undefined || value === null || value === 0 || value === false) return false;
  if (value === 1 || value === true) return true;
  if (typeof value === 'string' && /^(0|1|true|false)$/i.test(value)) return /^(1|true)$/i.test(value);
  throw new FieldError(field, 'a crowd flag is 0 or 1, true or false', value);
}
