import { createProgram, createScope, foldVariables, input, type TensorData } from '@nats/graph';
import { layoutPass, type Scheme, schemeBuilder, schemeToJson } from '@nats/space';
import type { Detector } from '../detectors/detector.js';
import { type EncodeDetectorOptions, encodeDetector } from './encode-detector.js';

/** What `exportDetector` takes beside what it knows of the detector. */
export interface ExportDetectorOptions extends Omit<EncodeDetectorOptions, 'values' | 'statistics' | 'scheme'> {
  /** With which the detector was trained; undefined for the original network. */
  readonly scheme?: Scheme | undefined;
}

/**
 * A trained detector as the bytes of an ONNX file: pixels are normalized as its backbone expects, the network is built by the
 * scheme that the file names, and batches may have any size.
 * @param values of every variable, as `training.values()` gives them
 * @throws NatsError as `encodeDetector`
 */
export function exportDetector(
  detector: Detector,
  values: ReadonlyMap<string, TensorData>,
  { scheme, ...options }: ExportDetectorOptions,
): Uint8Array {
  const images = input('images', 'float32', ['N', detector.inputChannels, ...detector.inputSize]);
  const building = scheme ? { convolution: schemeBuilder(scheme) } : {};
  const program = createProgram({ outputs: { ...detector.candidates(createScope(), images, building) } });
  return encodeDetector(foldVariables(layoutPass(program), values), {
    ...options,
    values,
    statistics: detector.inputStatistics,
    ...(scheme && { scheme: schemeToJson(scheme) }),
  });
}
