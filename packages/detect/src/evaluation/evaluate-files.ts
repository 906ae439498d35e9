import { isLargeFile, readLists, readWhole } from '../files/read-lists.js';
import { createBoxedDetections } from './boxed-detections.js';
import type { CocoDetection, CocoGroundTruth, DetectionList, IouType } from './coco-format.js';
import { type DetectionEvaluation, evaluateDetections } from './evaluate-detections.js';
import { type EvaluationParameters, evaluationParameters } from './parameters.js';
import { createDetectionReader, parseDetections, parseGroundTruth } from './validate-coco.js';

/**
 * Evaluates a file of detections against a file of annotations, both in COCO's format. `summarize` makes the twelve numbers
 * of the result.
 * @param annotations path of the ground truth, such as `instances_val2017.json`
 * @param detections path of a list of detections
 * @param changed parameters that are not COCO's
 * @throws NatsError `malformed` naming the file and the field, `attribute` for parameters that make no sense; IO errors pass
 * through
 */
export async function evaluateFiles(
  annotations: string,
  detections: string,
  changed?: Partial<EvaluationParameters>,
): Promise<DetectionEvaluation> {
  const parameters = evaluationParameters(changed);
  const { iouType } = parameters;
  const groundTruth = parseGroundTruth(await readTruth(annotations, iouType), annotations, iouType);
  return evaluateDetections(groundTruth, await readDetections(detections, groundTruth, iouType), parameters);
}

/** What is compared of a file of annotations. */
async function readTruth(path: string, iouType: IouType): Promise<unknown> {
  if (!(await isLargeFile(path))) return readWhole(path);
  const lists = { images: [] as unknown[], categories: [] as unknown[], annotations: [] as unknown[] };
  const isRead = await readLists(path, {
    images: (item) => lists.images.push(only(item, ['id', 'file_name', 'width', 'height'])),
    categories: (item) => lists.categories.push(only(item, ['id', 'name'])),
    annotations: (item) => lists.annotations.push(only(item, iouType === 'segm' ? MASK_FIELDS : BOX_FIELDS)),
  });
  return isRead ? lists : readWhole(path);
}

const BOX_FIELDS = ['id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd', 'difficult'];
const MASK_FIELDS = [...BOX_FIELDS, 'segmentation'];

function only(item: unknown, fields: readonly string[]): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  const given = item as Readonly<Record<string, unknown>>;
  const kept: Record<string, unknown> = {};
  for (const name of fields) if (given[name] !== undefined) kept[name] = given[name];
  return kept;
}

/** Boxes take the room of their numbers; masks stay as they are in the file. */
async function readDetections(path: string, groundTruth: CocoGroundTruth, iouType: IouType): Promise<DetectionList> {
  if (await isLargeFile(path)) {
    const reader = createDetectionReader(groundTruth, path, iouType);
    const boxes = createBoxedDetections();
    const others: CocoDetection[] = [];
    const isRead = await readLists(path, {
      '': (item, i) => {
        const detection = reader.check(item, i);
        if (iouType === 'bbox' && reader.isBoxed) boxes.push(detection);
        else others.push(detection);
      },
    });
    if (isRead) {
      reader.finish(others);
      return others.length > 0 ? others : boxes;
    }
  }
  return parseDetections(await readWhole(path), groundTruth, path, iouType);
}
