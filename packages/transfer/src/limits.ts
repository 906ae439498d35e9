/**
 * Caps on what a file may ask for. A file that asks for more is malformed: nothing is allocated for it. Every cap can
 * be raised (or lowered) per call through `options.limits`.
 */
export interface Limits {
  /** Bytes of a file (and of each companion file: a TF.js shard, ONNX external data). */
  readonly maxFileBytes: number;
  /** Bytes that all tensors of a file may take together once decoded. */
  readonly maxDecodedBytes: number;
  /** Decoded bytes per byte of the file, above a floor of 16 MiB: stride 0 and compression make small files claim much. */
  readonly maxExpansion: number;
  /** Tensors in one file. */
  readonly maxTensors: number;
  /** Dimensions of one tensor. */
  readonly maxRank: number;
  /** UTF-8 bytes of a tensor's name, and characters of a metadata value taken from a pickle. */
  readonly maxNameBytes: number;
  /** Bytes of a safetensors or npy header; 100 000 tensors take about 16 MB. */
  readonly maxHeaderBytes: number;
  /** Bytes of a TF.js model.json. */
  readonly maxJsonBytes: number;
  /** Values in a JSON document. */
  readonly maxJsonValues: number;
  /** Nesting of a JSON document. */
  readonly maxJsonDepth: number;
  /** Instructions of one pickle; a ResNet-152 has 30 000. Each takes bounded memory, so this caps the machine's too. */
  readonly maxPickleOps: number;
  /** Nesting of a pickle: open marks, and containers in containers. */
  readonly maxPickleDepth: number;
  /** Bytes of one string in a pickle: with protocol 2, numpy's data are one. Raw bytes are views of the file and need no cap. */
  readonly maxPickleTextBytes: number;
  /** Bytes of one integer in a pickle. */
  readonly maxPickleIntegerBytes: number;
  /** Entries of a zip archive. */
  readonly maxZipEntries: number;
  /** Inflated bytes per compressed byte of a zip entry, above a floor of 64 KiB. Weights compress by less than 2. */
  readonly maxDeflateRatio: number;
}

/** Bounds for what a weight file may make a reader do. */
export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: 2 ** 31,
  maxDecodedBytes: 2 ** 32,
  maxExpansion: 64,
  maxTensors: 100_000,
  maxRank: 16,
  maxNameBytes: 1024,
  maxHeaderBytes: 32 * 2 ** 20,
  maxJsonBytes: 64 * 2 ** 20,
  maxJsonValues: 2_000_000,
  maxJsonDepth: 64,
  maxPickleOps: 1_000_000,
  maxPickleDepth: 100,
  maxPickleTextBytes: 2 ** 28,
  maxPickleIntegerBytes: 32,
  maxZipEntries: 200_000,
  maxDeflateRatio: 64,
};
