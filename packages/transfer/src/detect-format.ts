import { isNpy } from './npy.js';
import { isOnnx } from './onnx/index.js';
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
  refuseKnown(source);
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
  if (names.some((name) => name.endsWith('.weights.h5'))) {
    const keras = "Keras's archive (model.weights.h5)";
    throw unsupported(source, 'zip directory', 'an archive is PyTorch’s or numpy’s', keras, TO_OTHERS);
  }
  if (names.some((name) => /(?:^|\/)archive_format$/.test(name))) {
    const wayOut = 'save the state_dict of the module with torch.save';
    throw unsupported(
      source,
      'zip directory',
      'an archive holds a state dict',
      'a program of torch.export (.pt2)',
      wayOut,
    );
  }
  const received = `an archive of ${quote(names.slice(0, 5).join(', '))}`;
  throw unsupported(source, 'zip directory', 'an archive is PyTorch’s or numpy’s', received, 'unpack it first');
}

const TO_OTHERS = 'convert it to safetensors or TF.js';
const UNPACK = 'unpack it first';

/** Of one to four entries: their number, then the length of the first key, and the key. */
const MAPS_OF_MSGPACK = ['\x81', '\x82', '\x83', '\x84'].flatMap((map) =>
  ['\xa6params', '\xa5model', '\xa9opt_state'].map((key) => map + key),
);

interface OtherFormat {
  readonly begins: readonly string[];
  /** Bytes before that; default none. */
  readonly at?: number;
  readonly name: string;
  readonly wayOut: string;
}

/** Formats of weights, and of files around them, by how they begin. */
const OTHER_FORMATS: readonly OtherFormat[] = [
  { begins: ['\x89HDF'], name: 'HDF5 (Keras)', wayOut: TO_OTHERS },
  { begins: ['\x1f\x8b'], name: 'gzip', wayOut: UNPACK },
  { begins: ["7z\xbc\xaf'\x1c"], name: '7z', wayOut: UNPACK },
  { begins: ['Rar!'], name: 'RAR', wayOut: UNPACK },
  { begins: ['\xfd7zXZ', 'BZh', '\x28\xb5\x2f\xfd'], name: 'a compressed file (xz, bzip2 or zstd)', wayOut: UNPACK },
  { begins: ['GGUF'], name: 'GGUF', wayOut: 'convert it to safetensors' },
  { begins: ['TFL3'], at: 4, name: 'TensorFlow Lite', wayOut: 'take the model that it was made from' },
  { begins: ['ftrt', 'ptrt'], name: "TensorRT's engine", wayOut: 'take the weights that it was built from' },
  { begins: MAPS_OF_MSGPACK, name: 'msgpack (Flax)', wayOut: 'convert it to safetensors' },
  {
    begins: ['\0\0\0\0\x01\0\0\0', '\0\0\0\0\x02\0\0\0'],
    name: "Darknet's weights, which have no names",
    wayOut: 'convert them to PyTorch',
  },
  { begins: ['[net]', '[network]'], name: "Darknet's description of a network", wayOut: 'name its weights' },
];

/** A header length that fits the file, then an object. The magic is weak, the reader is strict. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 9 || bytes[8] !== 0x7b) return false;
  return uint64(viewOf(bytes), 0) < 2 ** 40;
}

/** Known content that is no weight file, or one that this package does not read: say so, and what to do. */
function refuseKnown(source: Source): void {
  const { bytes } = source;
  const start = latin1(bytes, 512);
  const rule = 'a weight file has a format that is read';
  const say = (received: string, limit: string) => unsupported(source, 'magic', rule, received, limit);
  if (start.startsWith('version https://git-lfs'))
    throw say('a Git LFS pointer', 'fetch the file itself (git lfs pull)');
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start)) throw say('a web page', 'the download was not the file');
  if (start.slice(257, 262) === 'ustar') {
    throw say('tar', 'unpack it first; if PyTorch before 0.1.10 wrote it, load and save it with a newer one');
  }
  const other = OTHER_FORMATS.find(({ begins, at = 0 }) => begins.some((magic) => start.startsWith(magic, at)));
  if (other) throw say(other.name, other.wayOut);
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return latin1(bytes, text.length) === text;
}

function latin1(bytes: Uint8Array, length: number): string {
  return String.fromCharCode(...bytes.subarray(0, length));
}
