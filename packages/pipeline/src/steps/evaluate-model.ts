import { setImmediate } from 'node:timers/promises';
import {
  areaRanges,
  cocoCategoryIds,
  cocoDetections,
  cocoGroundTruth,
  cocoImageIds,
  type Detections,
  evaluateDetections,
  evaluateMasks,
  type IouType,
  summarize,
  withCrowdMasks,
} from '@nats/detect';
import { writeJsonList } from '../files/write-atomic.js';
import { configRuntime } from '../model/model-engines.js';
import { openDetector } from '../model/open-detector.js';
import { UsageError } from '../usage-error.js';
import type { StepContext } from './context.js';
import { readDatasets } from './datasets.js';
import { cocoNumbers, type EvaluationFile, evaluationFile, vocNumbers } from './evaluate.js';
import { recordImage } from './network-input.js';

/**
 * Detects on the images for evaluation with an exported file, and compares as COCO does.
 * @param out where the detections go, in the format of COCO's result files
 * @param written whether these are boxes or masks
 */
export async function evaluateModel(
  { config, progress, signal }: StepContext,
  path: string,
  out: string | undefined,
  written: IouType = 'bbox',
): Promise<EvaluationFile> {
  if (!config.data) throw new UsageError("no data: name it under 'data' in the config (nats init writes one)");
  const model = await openDetector(path, await configRuntime(config.engine));
  try {
    const { classes, input, output } = model.convention;
    const { val } = await readDatasets(config.data, { masks: output.masks !== undefined });
    if (val.classes.join('\n') !== classes.join('\n')) {
      throw new UsageError(
        `a model is evaluated on images of its classes; ${path} has ${classes.join(', ')}, ${val.name} has ${val.classes.join(', ')}`,
      );
    }
    const found: Detections[] = [];
    for (const record of val.records) {
      signal.throwIfAborted();
      found.push(await model.detect(await recordImage(record, input.channels)));
      progress.update(`  evaluate: ${found.length} of ${val.records.length} images`);
      // Runs are synchronous: signals get their turn here.
      await setImmediate();
    }
    const numbers = { imageIds: cocoImageIds(val), categoryIds: cocoCategoryIds(val) };
    const results = cocoDetections(found, numbers);
    const truth = withCrowdMasks(cocoGroundTruth(val));
    const parameters = { areaRanges: areaRanges(...config.evaluate.sizes) };
    const evaluation = evaluateDetections(truth, results, parameters);
    const segm = output.masks && evaluateMasks(truth, found, numbers, parameters);
    if (out !== undefined) await writeJsonList(out, segm && written === 'segm' ? segm.results : results);
    const file = evaluationFile(evaluation, summarize(evaluation), val.records.length);
    return {
      ...file,
      ...(segm && { segm: cocoNumbers(segm.evaluation, segm.summary) }),
      voc: vocNumbers(truth, results, val.classes),
    };
  } finally {
    await model.close();
  }
}
