import { check, NatsError } from '../errors.js';
import { hash32, hashUniform, seedOf } from '../random.js';
import { sizeOf, type TensorData } from '../tensor-data.js';

/** A tensor of float64 PyTorch: whole, or by its norm, fixed random projections and sampled entries. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  /** Largest magnitude. */
  readonly max?: number;
  readonly norm?: number;
  readonly projections?: readonly number[];
  readonly samples?: readonly number[];
  /** What PyTorch's own float32 misses float64 by, measured alike. */
  readonly float32Error?: number;
}

/** One case of a golden fixture: how it was made, and PyTorch's values. */
export interface GoldenCase<A = unknown> {
  readonly attributes: A;
  /** By `family/name`. */
  readonly tensors: Readonly<Record<string, GoldenTensor>>;
}

/** What tools/golden wrote; its README describes the format. */
export interface GoldenFixture<A = unknown> {
  readonly generator: string;
  readonly seed: number;
  readonly cases: Readonly<Record<string, GoldenCase<A>>>;
}

/** Reads a fixture's text. The attributes' type is the caller's promise about the file. */
export function parseGolden<A = unknown>(text: string): GoldenFixture<A> {
  const fixture = JSON.parse(text) as GoldenFixture<A>;
  check(typeof fixture.seed === 'number' && typeof fixture.cases === 'object', 'shape', () => ({
    rule: 'a golden fixture has a seed and cases',
    received: Object.keys(fixture).join(', '),
  }));
  return fixture;
}

/** The one tensor comparison's outcome. */
export interface GoldenResult {
  readonly name: string;
  readonly error: number;
  readonly float32Error: number;
  readonly bound: number;
}

/** Errors below this pass whatever PyTorch's float32 does. */
const GOLDEN_BOUND = 1e-4;

/** Which tensors of a golden case are compared, and how tightly. */
export interface CompareOptions {
  /** Which to compare: the parts of the names before '/'; default all. */
  readonly families?: readonly string[];
  /** Default: `GOLDEN_BOUND` or 3 x PyTorch's float32 error, whichever is larger. For a float64 evaluation: tight. */
  readonly bound?: number;
}

/**
 * Compares tensors by name with a case; every golden tensor of the chosen families must be there.
 * Error: max|a - b| / max|b|, for big tensors over the sampled entries, and of norm and projections relative to the norm.
 * @throws NatsError `name` or `shape` for a tensor that is missing, unknown to the fixture, or of another shape
 */
export function compareGolden(
  golden: GoldenCase,
  actual: ReadonlyMap<string, TensorData>,
  { families, bound }: CompareOptions = {},
): GoldenResult[] {
  for (const name of actual.keys())
    if (!golden.tensors[name]) throw nameError('a compared tensor is in the fixture', name);
  return Object.entries(golden.tensors)
    .filter(([name]) => !families || families.includes(familyOf(name)))
    .map(([name, expected]) => {
      const value = actual.get(name);
      if (!value) throw nameError('every golden tensor is compared', name);
      check(sizeOf(value.shape) === sizeOf(expected.shape) && squeezed(value) === squeezed(expected), 'shape', () => ({
        rule: "a compared tensor has the golden tensor's shape, dimensions of 1 aside",
        received: `[${value.shape.join(', ')}]`,
        limit: `[${expected.shape.join(', ')}]`,
        where: name,
      }));
      const { float32Error = 0 } = expected;
      return {
        name,
        error: goldenError(value.data, expected),
        float32Error,
        bound: bound ?? Math.max(GOLDEN_BOUND, 3 * float32Error),
      };
    });
}

const squeezed = ({ shape }: { readonly shape: readonly number[] }) => shape.filter((d) => d !== 1).join();

const familyOf = (name: string) => name.split('/')[0]!;

function nameError(rule: string, name: string): NatsError {
  return new NatsError('name', { rule, received: `'${name}' on one side only` });
}

/** NaN anywhere gives NaN, which no bound admits. */
function goldenError(actual: ArrayLike<number>, golden: GoldenTensor): number {
  const { values, max, norm, projections = [], samples = [] } = golden;
  if (values) {
    const scale = Math.max(0, ...values.map(Math.abs)) || 1;
    return largest(values.map((value, i) => Math.abs(actual[i]! - value))) / scale;
  }
  const positions = samplePositions(actual.length, samples.length);
  const sampled = largest(samples.map((value, i) => Math.abs(actual[positions[i]!]! - value))) / (max || 1);
  const summed = summarize(actual, projections.length);
  const ends = [summed.norm - norm!, ...projections.map((value, i) => summed.projections[i]! - value)];
  return largest([sampled, largest(ends.map(Math.abs)) / (norm || 1)]);
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b), 0);
}

/** One position in each of `count` equal parts. */
function samplePositions(size: number, count: number): number[] {
  const seed = seedOf(0, 'golden samples');
  return Array.from({ length: count }, (_, i) => Math.floor(((i + hashUniform(seed, i)) * size) / count));
}

/** Bit k of an entry's hash is its sign in projection k. */
function summarize(x: ArrayLike<number>, count: number): { norm: number; projections: number[] } {
  const seed = seedOf(0, 'golden projections');
  const projections = new Array<number>(count).fill(0);
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    const bits = hash32(seed, i);
    squares += value * value;
    for (let k = 0; k < count; k++) projections[k]! += (bits >>> k) & 1 ? -value : value;
  }
  return { norm: Math.sqrt(squares), projections };
}

/**
 * One line per family: how many tensors, the worst error with its bound, and what PyTorch's float32 shows there
 * and at its own worst.
 */
export function goldenReport(title: string, results: readonly GoldenResult[]): string {
  return [...new Set(results.map(({ name }) => familyOf(name)))]
    .map((family) => {
      const members = results.filter(({ name }) => familyOf(name) === family);
      const worst = members.reduce((a, b) => (b.error / b.bound > a.error / a.bound ? b : a));
      const torch = members.reduce((a, b) => (b.float32Error > a.float32Error ? b : a));
      const number = (x: number) => x.toExponential(1);
      return (
        `${title}, ${family}: ${members.length} tensors, worst ${number(worst.error)} (${worst.name}; ` +
        `bound ${number(worst.bound)}, PyTorch float32 ${number(worst.float32Error)}); ` +
        `PyTorch float32's worst ${number(torch.float32Error)}`
      );
    })
    .join('\n');
}

/** Those beyond their bounds, worst first. A test expects none. */
export function goldenFailures(results: readonly GoldenResult[]): GoldenResult[] {
  return results.filter(({ error, bound }) => !(error <= bound)).sort((a, b) => b.error - a.error);
}
