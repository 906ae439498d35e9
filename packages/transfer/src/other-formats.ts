import { type Source, unsupported } from './source.js';

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
  { begins: ['version https://git-lfs'], name: 'a Git LFS pointer', wayOut: 'fetch the file itself (git lfs pull)' },
  {
    begins: ['ustar'],
    at: 257,
    name: 'tar',
    wayOut: 'unpack it first; if PyTorch before 0.1.10 wrote it, load and save it with a newer one',
  },
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

/**
 * Known content that is no weight file, or one that this package does not read: says so, and what to do.
 * @param start the first 512 bytes, each a character
 * @throws NatsError `unsupported` for such content
 */
export function refuseKnown(source: Source, start: string): void {
  const rule = 'a weight file has a format that is read';
  const say = (received: string, limit: string) => unsupported(source, 'magic', rule, received, limit);
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start)) throw say('a web page', 'the download was not the file');
  const other = OTHER_FORMATS.find(({ begins, at = 0 }) => begins.some((magic) => start.startsWith(magic, at)));
  if (other) throw say(other.name, other.wayOut);
}

/** The same of archives, by the names in them. @throws NatsError `unsupported` */
export function refuseKnownArchive(source: Source, names: readonly string[]): void {
  const say = (rule: string, received: string, limit: string) =>
    unsupported(source, 'zip directory', rule, received, limit);
  if (names.some((name) => name.endsWith('.weights.h5')))
    throw say('an archive is PyTorch’s or numpy’s', "Keras's archive (model.weights.h5)", TO_OTHERS);
  if (names.some((name) => /(?:^|\/)archive_format$/.test(name))) {
    const wayOut = 'save the state_dict of the module with torch.save';
    throw say('an archive holds a state dict', 'a program of torch.export (.pt2)', wayOut);
  }
}
