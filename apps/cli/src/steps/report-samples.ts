import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  type CocoDetection,
  cocoCategoryIds,
  cocoImageIds,
  type Dataset,
  type DatasetRecord,
  encodePng,
  loadRecordImage,
} from '@nats/detect';
import { type BoxedSample, type ReportBox, reportObjects } from '../report/index.js';
import { RUN_FILES } from '../run/run-files.js';

/** Detections with lower scores are not shown. */
export const SHOWN_SCORE = 0.3;

/** An arm's detections by image, as its run keeps them. */
export interface ArmDetections {
  readonly arm: string;
  readonly detections: readonly CocoDetection[];
}

export async function readDetections(folder: string): Promise<CocoDetection[]> {
  const text = await readFile(join(folder, RUN_FILES.detections), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[]';
    throw error;
  });
  return JSON.parse(text) as CocoDetection[];
}

/** The first images for evaluation that have objects, with these and with what each arm detected. */
export async function reportSamples(
  val: Dataset,
  arms: readonly ArmDetections[],
  count: number,
): Promise<BoxedSample[]> {
  const imageIds = cocoImageIds(val);
  const labels = new Map(cocoCategoryIds(val).map((id, label) => [id, val.classes[label]!]));
  const chosen = val.records
    .map((record, i) => ({ record, id: imageIds[i]! }))
    .filter(({ record }) => record.objects.length > 0)
    .slice(0, count);
  return Promise.all(
    chosen.map(async ({ record, id }) => ({
      name: record.id,
      image: await picture(record),
      width: record.width,
      height: record.height,
      truth: reportObjects(record.objects, val.classes),
      detections: arms.map(({ arm, detections }) => ({
        arm,
        boxes: detections
          .filter((found) => found.image_id === id && found.score >= SHOWN_SCORE)
          .map(({ bbox, category_id, score }): ReportBox => {
            const [x, y, width, height] = bbox!;
            return { box: [x, y, x + width, y + height], label: labels.get(category_id)!, score };
          }),
      })),
    })),
  );
}

/** A file that browsers show as it is, else a PNG of its pixels. */
async function picture(record: DatasetRecord): Promise<Uint8Array> {
  const { source } = record;
  if ('file' in source && ['.jpg', '.jpeg', '.png'].includes(extname(source.file).toLowerCase())) {
    return readFile(source.file);
  }
  return encodePng(await loadRecordImage(record));
}
