import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import {
  type CocoDetection,
  cocoCategoryIds,
  cocoImageIds,
  type Dataset,
  type DatasetRecord,
  encodePng,
  loadRecordImage,
  readLists,
} from '@nats/detect';
import { type BoxedSample, type ReportBox, reportObjects } from '@nats/report';
import { readRegularFile } from '@nats/transfer';
import { z } from 'zod';
import { checkedAs, readJsonAs } from '../files/read-json.js';
import { RUN_FILES } from '../run/run-files.js';

/** Detections with lower scores are not shown. */
export const SHOWN_SCORE = 0.3;

/** Whether a detection is shown. */
export const isShown = ({ score }: Pick<CocoDetection, 'score'>) => score >= SHOWN_SCORE;

const detectionSchema = z.looseObject({
  image_id: z.number(),
  category_id: z.number(),
  score: z.number(),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
}) as z.ZodType<CocoDetection>;

/** A variant's detections by image, as its run keeps them. */
export interface VariantDetections {
  readonly variant: string;
  readonly detections: readonly CocoDetection[];
}

/** Those of a run that are shown. @throws NatsError `malformed` for an edited file; IO errors pass through */
export async function readDetections(folder: string, file: string = RUN_FILES.detections): Promise<CocoDetection[]> {
  const path = join(folder, file);
  if (!existsSync(path)) return [];
  const shown: CocoDetection[] = [];
  const take = (item: unknown, index: number) => {
    const detection = checkedAs(item, detectionSchema, path, String(index));
    if (isShown(detection)) shown.push(detection);
  };
  if (!(await readLists(path, { '': take }))) {
    shown.length = 0;
    for (const [i, item] of (await readJsonAs(path, z.array(z.unknown()))).entries()) take(item, i);
  }
  return shown;
}

/** Images of a report. */
const SAMPLES = 6;

/** The images that a report shows and measures on: the first for evaluation that have objects. */
export function sampledRecords({ records }: Dataset): DatasetRecord[] {
  return records.filter(({ objects }) => objects.length > 0).slice(0, SAMPLES);
}

/** The sampled images with their objects and with what each variant detected. */
export async function reportSamples(val: Dataset, variants: readonly VariantDetections[]): Promise<BoxedSample[]> {
  const imageIds = new Map(cocoImageIds(val).map((id, i) => [val.records[i]!, id]));
  const labels = new Map(cocoCategoryIds(val).map((id, label) => [id, val.classes[label]!]));
  return Promise.all(
    sampledRecords(val).map(async (record) => ({
      name: record.id,
      image: await picture(record),
      width: record.width,
      height: record.height,
      truth: reportObjects(record.objects, val.classes),
      detections: variants.map(({ variant, detections }) => ({
        variant,
        boxes: detections
          .filter((found) => found.image_id === imageIds.get(record) && isShown(found))
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
    return readRegularFile(source.file);
  }
  return encodePng(await loadRecordImage(record));
}
