import { parseJson } from '@nats/graph/schema';
import { readText } from '../files/read-file.js';
import { type DetectionEvaluation, evaluateDetections } from './evaluate-detections.js';
import { type EvaluationParameters, evaluationParameters } from './parameters.js';
import { parseDetections, parseGroundTruth } from './validate-coco.js';

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
  const groundTruth = parseGroundTruth(await readJson(annotations), annotations, iouType);
  const found = parseDetections(await readJson(detections), groundTruth, detections, iouType);
  return evaluateDetections(groundTruth, found, parameters);
}

async function readJson(path: string): Promise<unknown> {
  return parseJson(await readText(path), path);
}
