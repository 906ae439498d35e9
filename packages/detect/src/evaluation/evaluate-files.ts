import { readFile } from 'node:fs/promises';
import { malformed } from '@nats/graph';
import { parseDetections, parseGroundTruth } from './coco-format.js';
import { type DetectionEvaluation, evaluateDetections } from './evaluate-detections.js';
import type { EvaluationParameters } from './parameters.js';

/**
 * Evaluates a file of detections against a file of annotations, both in COCO's format.
 * @throws NatsError `malformed` naming the file and the field; IO errors pass through
 */
export async function evaluateFiles(
  annotations: string,
  detections: string,
  parameters?: EvaluationParameters,
): Promise<DetectionEvaluation> {
  const groundTruth = parseGroundTruth(await readJson(annotations), annotations);
  return evaluateDetections(
    groundTruth,
    parseDetections(await readJson(detections), groundTruth, detections),
    parameters,
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(path, '', { rule: 'the file is JSON', received: (error as Error).message });
  }
}
