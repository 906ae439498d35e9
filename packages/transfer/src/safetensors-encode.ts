import { BYTES_PER_ELEMENT, check, type DType, type NumericArray, sizeOf, type TensorData } from '@nats/graph';
import { DEFAULT_LIMITS } from './limits.js';
import { METADATA_KEY } from './safetensors.js';

const DTYPE_NAMES: Readonly<Record<DType, string>> = { float32: 'F32', int32: 'I32', bool: 'BOOL', uint8: 'U8' };

/** A safetensors file as its parts in order: the length and header, then each tensor's bytes. */
export interface SafetensorsParts {
  readonly header: Uint8Array;
  /** Views of the tensors' memory where no conversion is needed, so the tensors must not change until written. */
  readonly chunks: readonly Uint8Array[];
  readonly totalBytes: number;
}

/**
 * Lays out a safetensors file. Equal input (names, order, values, metadata in any order) gives equal bytes.
 *
 * The header names the tensors in the order of the map. The data holds four-byte types first, each group in map order,
 * and starts at a multiple of 8 bytes, so every tensor is aligned to its element size without gaps.
 * @throws NatsError `name` for `__metadata__` or a name above the readers' cap, `shape` for data of another size than
 * its shape.
 */
export function layoutSafetensors(
  tensors: ReadonlyMap<string, TensorData>,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsParts {
  for (const [name, tensor] of tensors) checkTensor(name, tensor);
  const order = [...tensors].sort(([, a], [, b]) => BYTES_PER_ELEMENT[b.dtype] - BYTES_PER_ELEMENT[a.dtype]);
  const offsets = new Map<string, [number, number]>();
  const chunks: Uint8Array[] = [];
  let position = 0;
  for (const [name, tensor] of order) {
    const chunk = bytesOf(tensor);
    offsets.set(name, [position, position + chunk.length]);
    position += chunk.length;
    chunks.push(chunk);
  }
  const fields: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(String(metadata[key]))}`);
    fields.push(`"${METADATA_KEY}":{${pairs.join(',')}}`);
  }
  for (const [name, { dtype, shape }] of tensors) {
    const entry = { dtype: DTYPE_NAMES[dtype], shape, data_offsets: offsets.get(name) };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const header = encodeHeader(`{${fields.join(',')}}`);
  return { header, chunks, totalBytes: header.length + position };
}

/** Encodes tensors as the bytes of a safetensors file; see `layoutSafetensors` for order, alignment and errors. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const { header, chunks, totalBytes } = layoutSafetensors(tensors, metadata);
  const bytes = new Uint8Array(totalBytes);
  bytes.set(header);
  let position = header.length;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.length / 8) * 8;
  check(padded <= DEFAULT_LIMITS.maxHeaderBytes, 'attribute', () => ({
    rule: 'the header of a safetensors file stays small enough to be read back',
    received: `${padded} bytes of names, shapes and metadata`,
    limit: `at most ${DEFAULT_LIMITS.maxHeaderBytes}`,
  }));
  // The format pads its header with spaces.
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(text, 8);
  return header;
}

function checkTensor(name: string, tensor: TensorData): void {
  check(name !== METADATA_KEY, 'name', () => ({
    rule: 'a tensor is not named like the metadata of safetensors',
    received: METADATA_KEY,
  }));
  check(name.length <= DEFAULT_LIMITS.maxNameBytes, 'name', () => ({
    rule: 'a tensor has a name short enough to be read back',
    received: `${name.length} characters`,
    limit: `at most ${DEFAULT_LIMITS.maxNameBytes}`,
  }));
  check(tensor.data.length === sizeOf(tensor.shape) && tensor.shape.length <= DEFAULT_LIMITS.maxRank, 'shape', () => ({
    rule: `a tensor holds as many values as its shape says, and has at most ${DEFAULT_LIMITS.maxRank} dimensions`,
    received: `${tensor.data.length} values for shape [${tensor.shape.join(', ')}]`,
    where: name,
  }));
}

function bytesOf({ dtype, data }: TensorData): Uint8Array {
  const typed = inStoredPrecision(dtype, data);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

/** Float64 evaluations are stored as the float32 that they stand for. */
function inStoredPrecision(dtype: DType, data: NumericArray): NumericArray {
  if (dtype === 'float32') return data instanceof Float32Array ? data : Float32Array.from(data);
  if (dtype === 'int32') return data instanceof Int32Array ? data : Int32Array.from(data);
  return data instanceof Uint8Array ? data : Uint8Array.from(data);
}
