import { check } from '@nats/graph';
import type { DatasetRecord } from './dataset.js';
import { type ObjectMask, objectMask } from './object-mask.js';

/** Boxes and labels that a detector is trained to find: all but crowds. */
export function targetsOf({ objects }: Pick<DatasetRecord, 'objects'>): { boxes: Float32Array; labels: Int32Array } {
  const targets = objects.filter(({ crowd }) => !crowd);
  return {
    boxes: Float32Array.from(targets.flatMap(({ box }) => [...box])),
    labels: Int32Array.from(targets, ({ label }) => label),
  };
}

/** Masks of what `targetsOf` lists; none if one has no mask. */
export function targetMasks(record: Omit<DatasetRecord, 'id' | 'source'>): ObjectMask[] | undefined {
  const masks = record.objects
    .filter(({ crowd }) => !crowd)
    .map(({ segmentation }) => segmentation && objectMask(segmentation, record));
  return masks.every((mask) => mask !== undefined) ? masks : undefined;
}

/**
 * @param where names the records
 * @throws NatsError `attribute` naming the image of an object that has no mask and is no crowd
 */
export function checkMasks(records: readonly DatasetRecord[], where: string): void {
  for (const { id, objects } of records) {
    const bare = objects.findIndex(({ crowd, segmentation }) => !crowd && !segmentation);
    check(bare < 0, 'attribute', () => ({
      rule: 'a detector that gives masks needs one (a segmentation) of every object that is not a crowd',
      received: `none of object ${bare} of image ${id}`,
      limit: 'polygons or runs in a COCO file, polygons in a YOLO folder, mnistDetection with masks',
      where,
    }));
  }
}
