import { BYTES_PER_ELEMENT, NatsError, type NumericArray, type TensorData } from '@nats/graph';
import { decodedDType, type StoredDType } from './elements.js';
import { atMost, bad, decodedAllowance, isCount, quote, type Source } from './source.js';

/** Formats of weight files. */
export type WeightFormat =
  | 'safetensors'
  | 'pytorch-zip'
  | 'pytorch-legacy'
  | 'pickle'
  | 'onnx'
  | 'tfjs-layers'
  | 'tfjs-graph'
  | 'npy'
  | 'npz';

/** What a weight file holds. */
export interface Weights {
  readonly format: WeightFormat;
  /** By the names and in the order of the file; row-major; float32, int32, uint8 or bool. Each owns its memory. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** The element type in the file, by tensor name. */
  readonly storedDtypes: ReadonlyMap<string, string>;
  /** Strings, numbers and booleans beside the tensors (epoch, accuracy, producer …), as text. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor that a file declares. Nothing has been allocated for it. */
export interface TensorPlan {
  readonly name: string;
  /** The type that `read` gives, before it becomes a dtype of programs. */
  readonly stored: StoredDType;
  /** The type in the file, where quantization makes it another one. */
  readonly quantized?: StoredDType | undefined;
  readonly shape: readonly number[];
  /** Decodes the values; called once all plans of the file have passed the caps together. */
  readonly read: () => NumericArray | { problem: { index: number; value: string } };
}

/**
 * Checks a shape that came from a file.
 * @returns the number of elements.
 * @throws NatsError `malformed` if a dimension is no count, the rank is above the cap, or the product is no exact integer.
 */
export function checkShape(source: Source, field: string, shape: readonly unknown[]): number {
  if (shape.length > source.limits.maxRank) {
    const limit = atMost('maxRank', source.limits);
    throw bad(source, field, 'a tensor has few dimensions', `${shape.length}`, limit);
  }
  let size = 1;
  let empty = false;
  for (const dimension of shape) {
    if (!isCount(dimension)) {
      throw bad(source, field, 'a dimension is a non-negative integer', quote(String(dimension)));
    }
    // A zero must not hide absurd neighbors, as in [2^60, 0].
    if (dimension === 0) empty = true;
    else size *= dimension;
    if (!Number.isSafeInteger(size)) {
      throw bad(source, field, 'a shape has a countable number of elements', `[${shape.join(', ')}]`);
    }
  }
  return empty ? 0 : size;
}

/** Checks a tensor's name that came from a file. */
export function checkName(source: Source, name: string): void {
  if (name.length > source.limits.maxNameBytes) {
    const limit = atMost('maxNameBytes', source.limits);
    throw bad(source, 'tensor name', 'a tensor has a short name', `${name.length} characters`, limit);
  }
}

/** Decodes all planned tensors, after checking what they take together. */
export function materialize(
  source: Source,
  format: WeightFormat,
  plans: readonly TensorPlan[],
  metadata: Iterable<readonly [string, string]>,
  storedBytes: number = source.bytes.length,
): Weights {
  checkTotal(source, plans, storedBytes);
  const tensors = new Map<string, TensorData>();
  const storedDtypes = new Map<string, string>();
  for (const plan of plans) {
    const data = plan.read();
    if ('problem' in data) {
      const dtype = decodedDType(plan.stored);
      throw new NatsError('dtype', {
        rule: `a value of a weight file fits ${dtype}`,
        received: `${plan.stored} ${data.problem.value} at element ${data.problem.index} of ${quote(plan.name)}`,
        limit: dtype === 'int32' ? '-2^31 to 2^31 - 1' : 'magnitudes up to 3.4e38',
        where: `${source.file}, tensor ${quote(plan.name)}`,
      });
    }
    tensors.set(plan.name, { dtype: decodedDType(plan.stored), shape: [...plan.shape], data });
    storedDtypes.set(plan.name, plan.quantized ?? plan.stored);
  }
  return { format, tensors, storedDtypes, metadata: Object.fromEntries(metadata) };
}

function checkTotal(source: Source, plans: readonly TensorPlan[], storedBytes: number): void {
  const { limits } = source;
  if (plans.length > limits.maxTensors) {
    throw bad(
      source,
      'tensors',
      'a file has a bounded number of tensors',
      `${plans.length}`,
      atMost('maxTensors', limits),
    );
  }
  const names = new Set<string>();
  const allowed = decodedAllowance(source, storedBytes);
  let total = 0;
  for (const plan of plans) {
    checkName(source, plan.name);
    if (names.has(plan.name)) {
      throw bad(source, `tensor ${quote(plan.name)}`, 'a tensor name occurs once', 'a second tensor of this name');
    }
    names.add(plan.name);
    total +=
      checkShape(source, `shape of ${quote(plan.name)}`, plan.shape) * BYTES_PER_ELEMENT[decodedDType(plan.stored)];
    if (total > allowed) {
      throw bad(
        source,
        `tensor ${quote(plan.name)}`,
        'the tensors of a file take bounded memory once decoded',
        `${total} bytes so far, from ${storedBytes} in the file`,
        `at most ${allowed} (limits.maxDecodedBytes, limits.maxExpansion)`,
      );
    }
  }
}
