import { detect } from './detect-format.js';
import { parseNpy, parseNpz } from './npy.js';
import { type OnnxOptions, parseOnnx } from './onnx/index.js';
import { type PickleOptions, parsePickle, parsePytorch } from './pytorch/index.js';
import { parseSafetensors } from './safetensors.js';
import { openSource, unsupported } from './source.js';
import type { Weights } from './weights.js';

/** Options of all formats that are one file; each reader takes those that concern it. */
export interface ParseWeightsOptions extends PickleOptions, OnnxOptions {}

/**
 * Reads weights from the bytes of one file, whatever its format; needs no file system, so it runs in a browser.
 * A TF.js model is several files: use `parseTfjs`.
 * @throws NatsError as the readers, with `options.name` as the file's name.
 */
export function parseWeights(bytes: Uint8Array, options: ParseWeightsOptions = {}): Weights {
  const source = openSource(bytes, options);
  const format = detect(source);
  switch (format) {
    case 'safetensors':
      return parseSafetensors(bytes, options);
    case 'pytorch-zip':
    case 'pytorch-legacy':
      return parsePytorch(bytes, options);
    case 'pickle':
      return parsePickle(bytes, options);
    case 'onnx':
      return parseOnnx(bytes, options);
    case 'npy':
      return parseNpy(bytes, options);
    case 'npz':
      return parseNpz(bytes, options);
    case 'tfjs':
      throw unsupported(
        source,
        '',
        'weights are in one file',
        'a TF.js model.json',
        'use parseTfjs, or readWeights by path',
      );
  }
}
