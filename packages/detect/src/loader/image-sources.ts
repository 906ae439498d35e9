import type { DatasetRecord } from '../data/dataset.js';
import { loadRecordImage } from '../data/decode-image.js';
import type { DecodedImage } from '../data/decoded-image.js';
import { targetMasks, targetsOf } from '../data/targets.js';
import type { BatchConfig, ImageTask } from './make-batch.js';

export type TargetKind = 'none' | 'boxes' | 'masks';

/** Where threads find the pixels of records. */
export interface ImageSources {
  /**
   * Calls the record's function, if it has one: functions cannot be sent to a thread.
   * @param targets what to tell of the objects: nothing, boxes and labels, or masks, too
   */
  task(record: DatasetRecord, targets: TargetKind): Promise<ImageTask>;
  /** Takes what a batch decoded, by the numbers that `task` gave. */
  keep(decoded: ReadonlyMap<number, DecodedImage>): void;
}

/** @param cache keep decoded images in memory that threads share */
export function createImageSources({ channels, decode }: BatchConfig, cache: boolean): ImageSources {
  const known = new Map<DatasetRecord, DecodedImage>();
  const numbers = new Map<DatasetRecord, number>();
  const records: DatasetRecord[] = [];
  const numberOf = (record: DatasetRecord): number => {
    const number = numbers.get(record) ?? records.push(record) - 1;
    numbers.set(record, number);
    return number;
  };
  return {
    task: async (record, targets) => {
      const { id, width, height, source } = record;
      const file = 'file' in source ? source.file : undefined;
      const objects = targetsOf(targets === 'none' ? { objects: [] } : record);
      const masks = targets === 'masks' ? targetMasks(record) : undefined;
      const task = { id, width, height, ...objects, ...(masks && { masks }), ...(file !== undefined && { file }) };
      const decoded = known.get(record);
      if (decoded) return { ...task, decoded };
      if (file !== undefined) return cache ? { ...task, keep: numberOf(record) } : task;
      const loaded = await loadRecordImage(record, { ...decode, channels });
      if (!cache) return { ...task, decoded: loaded };
      const kept = inSharedMemory(loaded);
      known.set(record, kept);
      return { ...task, decoded: kept };
    },
    keep: (decoded) => {
      for (const [number, image] of decoded) known.set(records[number]!, image);
    },
  };
}

/** Every thread can read it without a copy. */
export function inSharedMemory(image: DecodedImage): DecodedImage {
  const pixels = new Uint8Array(new SharedArrayBuffer(image.pixels.length));
  pixels.set(image.pixels);
  const { channels, height, width } = image;
  return { channels, height, width, pixels };
}
