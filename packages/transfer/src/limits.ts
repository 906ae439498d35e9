/**
 * Caps on what a file may ask for. A file that asks for more is malformed: nothing is allocated for it. Every cap can
 * be raised (or lowered) per call through `options.limits`.
 */

/** Bytes of a file (and of each companion file: a TF.js shard, ONNX external data). */
export const MAX_FILE_BYTES = 2 ** 31;
/** Bytes that all tensors of a file may take together once decoded. */
export const MAX_DECODED_BYTES = 2 ** 32;
/** Decoded bytes per byte of the file, above a floor of 16 MiB: stride 0 and compression make small files claim much. */
export const MAX_EXPANSION = 64;
/** Tensors in one file. */
export const MAX_TENSORS = 100_000;
/** Dimensions of one tensor. */
export const MAX_RANK = 16;
/** UTF-8 bytes of a tensor's name, and characters of a metadata value taken from a pickle. */
export const MAX_NAME_BYTES = 1024;
/** Bytes of a safetensors or npy header; 100 000 tensors take about 16 MB. */
export const MAX_HEADER_BYTES = 32 * 2 ** 20;
/** Bytes of a TF.js model.json. */
export const MAX_JSON_BYTES = 64 * 2 ** 20;
/** Values in a JSON document. */
export const MAX_JSON_VALUES = 2_000_000;
/** Nesting of a JSON document. */
export const MAX_JSON_DEPTH = 64;
/** Instructions of one pickle; a ResNet-152 has 30 000. Each takes bounded memory, so this caps the machine's too. */
export const MAX_PICKLE_OPS = 1_000_000;
/** Nesting of a pickle: open marks, and containers in containers. */
export const MAX_PICKLE_DEPTH = 100;
/** Bytes of one string in a pickle. Raw bytes (numpy's data) are views of the file and need no cap. */
export const MAX_PICKLE_TEXT_BYTES = 2 ** 20;
/** Bytes of one integer in a pickle. */
export const MAX_PICKLE_INTEGER_BYTES = 32;
/** Entries of a zip archive. */
export const MAX_ZIP_ENTRIES = 200_000;
/** Inflated bytes per compressed byte of a zip entry, above a floor of 64 KiB. Weights compress by less than 2. */
export const MAX_DEFLATE_RATIO = 64;

export interface Limits {
  readonly maxFileBytes: number;
  readonly maxDecodedBytes: number;
  readonly maxExpansion: number;
  readonly maxTensors: number;
  readonly maxRank: number;
  readonly maxNameBytes: number;
  readonly maxHeaderBytes: number;
  readonly maxJsonBytes: number;
  readonly maxJsonValues: number;
  readonly maxJsonDepth: number;
  readonly maxPickleOps: number;
  readonly maxPickleDepth: number;
  readonly maxPickleTextBytes: number;
  readonly maxPickleIntegerBytes: number;
  readonly maxZipEntries: number;
  readonly maxDeflateRatio: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: MAX_FILE_BYTES,
  maxDecodedBytes: MAX_DECODED_BYTES,
  maxExpansion: MAX_EXPANSION,
  maxTensors: MAX_TENSORS,
  maxRank: MAX_RANK,
  maxNameBytes: MAX_NAME_BYTES,
  maxHeaderBytes: MAX_HEADER_BYTES,
  maxJsonBytes: MAX_JSON_BYTES,
  maxJsonValues: MAX_JSON_VALUES,
  maxJsonDepth: MAX_JSON_DEPTH,
  maxPickleOps: MAX_PICKLE_OPS,
  maxPickleDepth: MAX_PICKLE_DEPTH,
  maxPickleTextBytes: MAX_PICKLE_TEXT_BYTES,
  maxPickleIntegerBytes: MAX_PICKLE_INTEGER_BYTES,
  maxZipEntries: MAX_ZIP_ENTRIES,
  maxDeflateRatio: MAX_DEFLATE_RATIO,
};
