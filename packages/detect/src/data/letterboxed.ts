import type { DetectionDataset, DetectionExample } from './dataset.js';
import { type DecodeOptions, loadRecordImage } from './decode-image.js';
import { moveMask } from './object-mask.js';
import { boxesOnCanvas, type CanvasSize, letterbox, placeImage } from './placement.js';
import type { Dataset, DatasetRecord } from './records.js';
import { targetMasks, targetsOf } from './targets.js';

export interface LetterboxOptions {
  /** Height and width of the canvas. */
  readonly size: CanvasSize;
  /** Of images, and of what surrounds them; default 3 and 114. */
  readonly channels?: 1 | 3;
  readonly padValue?: number;
  readonly decode?: Omit<DecodeOptions, 'channels'>;
}

/**
 * Annotated images as examples of one size: decoded, letterboxed, boxes (and masks, where every object has one) on the
 * canvas; crowds are left out. Pixels are those that a loader without augmentation gives.
 */
export function letterboxed(dataset: Dataset, options: LetterboxOptions): DetectionDataset {
  return {
    name: dataset.name,
    classes: dataset.classes,
    size: dataset.records.length,
    example: (index) => exampleOf(dataset.records[index]!, options),
  };
}

async function exampleOf(record: DatasetRecord, options: LetterboxOptions): Promise<DetectionExample> {
  const { size, channels = 3, padValue, decode } = options;
  const image = await loadRecordImage(record, { ...decode, channels });
  const placement = letterbox(image, size);
  const { boxes, labels } = targetsOf(record);
  const masks = targetMasks(record);
  return {
    id: record.id,
    ...placeImage(image, placement, size, padValue),
    boxes: boxesOnCanvas(boxes, placement),
    labels,
    ...(masks && { masks: masks.map((mask) => moveMask(mask, placement)) }),
    placement,
  };
}
