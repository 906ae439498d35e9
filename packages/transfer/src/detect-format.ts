import { isNpy } from './npy.js';
import { isOnnx } from './onnx/index.js';
import { refuseKnown, refuseKnownArchive } from './other-formats.js';
import { isTorchLegacy } from './pytorch/index.js';
import { torchPickleEntry } from './pytorch/zip-format.js';
import { bad, openSource, type ParseOptions, quote, type Source, uint64, unsupported, viewOf } from './source.js';
import type { WeightFormat } from './weights.js';
import { readZip } from './zip.js';

/** `tfjs` is a model.json, which needs its shards. */
export type DetectedFormat = Exclude<WeightFormat, 'tfjs-layers' | 'tfjs-graph'> | 'tfjs';

/**
 * Tells the format of a file from its content; names and extensions play no role (`.bin`, `.pt` and `.pkl` mean
 * several things).
 * @throws NatsError `malformed` for content that no reader takes, `unsupported` for known formats that hold weights but
 * are not read; the message says which.
 */
export function detectFormat(bytes: Uint8Array, options: ParseOptions = {}): DetectedFormat {
  return detect(openSource(bytes, options));
}

export function detect(source: Source): DetectedFormat {
  const { bytes } = source;
  if (startsWith(bytes, 'PK\x03\x04') || startsWith(bytes, 'PK\x05\x06')) return detectZip(source);
  if (isNpy(bytes)) return 'npy';
  if (isTorchLegacy(bytes)) return 'pytorch-legacy';
  if (isSafetensors(bytes)) return 'safetensors';
  if (bytes[0] === 0x80 && (bytes[1] ?? 0) >= 2 && (bytes[1] ?? 0) <= 5) return 'pickle';
  if (/^(?:\xef\xbb\xbf)?\s*\{/.test(latin1(bytes, 64))) return 'tfjs';
  refuseKnown(source, latin1(bytes, 512));
  if (isOnnx(source)) return 'onnx';
  throw bad(
    source,
    'magic',
    'a weight file is safetensors, PyTorch, pickle, ONNX, TF.js (model.json), npy or npz',
    bytes.length === 0 ? 'an empty file' : `${bytes.length} bytes that begin ${quote(latin1(bytes, 16))}`,
    'is the file complete?',
  );
}

function detectZip(source: Source): DetectedFormat {
  const zip = readZip(source);
  if (torchPickleEntry(zip) !== undefined) return 'pytorch-zip';
  const names = [...zip.entries.keys()];
  if (names.some((name) => name.endsWith('.npy'))) return 'npz';
  refuseKnownArchive(source, names);
  const received = `an archive of ${quote(names.slice(0, 5).join(', '))}`;
  throw unsupported(source, 'zip directory', 'an archive is PyTorch’s or numpy’s', received, 'unpack it first');
}

/** A header length that fits the file, then an object. The magic is weak, the reader is strict. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false;
  return uint64(viewOf(bytes), 0) < 2 ** 40;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return latin1(bytes, text.length) === text;
}

function latin1(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}
