import { exportDetector } from '@nats/detect';
import { createProgram, createScope, input, type Program, type StateSpec } from '@nats/graph';
import { type Scheme, schemeBuilder } from '@nats/space';
import type { Config } from '../config/schema.js';
import { VERSION } from '../version.js';
import type { Weights } from './context.js';
import type { Task } from './task.js';

/** The detector up to suppression: `images` in, `boxes`, `scores` and `labels` out. */
export function candidatesProgram(
  { detector }: Pick<Task, 'detector'>,
  scheme: Scheme | undefined,
  batch: number | 'N',
): { readonly program: Program; readonly spec: StateSpec } {
  const scope = createScope();
  const images = input('images', 'float32', [batch, detector.inputChannels, ...detector.inputSize]);
  const options = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const program = createProgram({ outputs: { ...detector.candidates(scope, images, options) } });
  return { program, spec: scope.spec };
}

/**
 * A trained detector as the bytes of an ONNX model: uint8 images of any size in, detections out, unless the settings leave
 * that to the caller.
 */
export function exportedDetector(
  task: Task,
  weights: Weights,
  scheme: Scheme | undefined,
  { evaluate, export: settings }: Config,
): Uint8Array {
  const { scoreThreshold, iouThreshold, maxDetections } = evaluate;
  return exportDetector(task.detector, weights, {
    classes: task.classes,
    scheme,
    tool: `@nats/cli ${VERSION}`,
    name: `${task.detector.name}-${task.backbone.name}`,
    thresholds: { scoreThreshold, iouThreshold, maxDetections },
    suppression: settings.suppression,
    precision: settings.precision,
    ...(settings.preprocessing && { preprocessing: settings.layout }),
  });
}
