import { buildDetector } from '@nats/detect';
import { encodeProgram } from '@nats/export';
import { createProgram, createScope, foldVariables, input, type Program, type StateSpec } from '@nats/graph';
import { layoutPass, type Scheme, schemeBuilder, schemeToJson } from '@nats/space';
import { VERSION } from '../version.js';
import { detectorConfig, STATISTICS } from './settings.js';
import type { Weights } from './training.js';

const detector = buildDetector(detectorConfig);

/** The detector up to non-maximum suppression: `images` in, `boxes`, `scores` and `labels` out. */
export function candidatesProgram(
  scheme: Scheme | undefined,
  batch: number,
): { readonly program: Program; readonly spec: StateSpec } {
  const scope = createScope();
  const images = input('images', 'float32', [batch, detector.inputChannels, ...detector.inputSize]);
  const options = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const program = createProgram({ outputs: { ...detector.candidates(scope, images, options) } });
  return { program, spec: scope.spec };
}

/** A trained detector as the bytes of an ONNX model that takes one image, `[1, 1, 128, 128]`. */
export function exportedDetector(
  name: string,
  weights: Weights,
  scheme: Scheme | undefined,
  classes: readonly string[],
): Uint8Array {
  const program = foldVariables(layoutPass(candidatesProgram(scheme, 1).program), weights);
  return encodeProgram(program, {
    values: weights,
    name,
    metadata: {
      tool: `@nats/cli ${VERSION}`,
      classes: JSON.stringify(classes),
      pixels: JSON.stringify({ from: 0, to: 1, ...STATISTICS }),
      ...(scheme && { scheme: schemeToJson(scheme) }),
    },
  });
}
