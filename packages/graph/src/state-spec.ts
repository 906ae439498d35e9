import { check, NatsError } from './errors.js';
import { hashNormal, hashUniform, seedOf } from './random.js';
import { formatType } from './tensor.js';
import { allocate, type DType, sizeOf, type TensorData } from './tensor-data.js';

/** How a variable starts. `normal` and `uniform` depend on the seed and the variable's name alone. */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  /** Between -bound and bound. */
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'values'; readonly values: TensorData };

/**
 * `parameter`: fitted by gradient. `statistic`: part of the model, updated without a gradient (running means).
 * `slot`: belongs to a training, not to the model (momentum, averages, counters).
 */
export type VariableKind = 'parameter' | 'statistic' | 'slot';

/** A variable of a state: its name, kind, type and how it starts. */
export interface VariableSpec {
  readonly name: string;
  readonly kind: VariableKind;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
}

/** All that a state holds, by name, in the order of declaration. */
export type StateSpec = ReadonlyMap<string, VariableSpec>;

/** Values for a specification; the same seed gives the same values for the same names, whatever else there is. */
export function initialize(spec: StateSpec, seed: number): Map<string, TensorData> {
  return new Map([...spec.values()].map((variable) => [variable.name, initialValue(variable, seed)]));
}

function initialValue({ name, dtype, shape, initializer }: VariableSpec, seed: number): TensorData {
  if (initializer.kind === 'values') {
    const { values } = initializer;
    check(formatType(values) === formatType({ dtype, shape }), 'shape', () => ({
      rule: "a variable's initial values have its dtype and shape",
      received: formatType(values),
      limit: formatType({ dtype, shape }),
      where: name,
    }));
    return values;
  }
  const data = allocate(dtype, sizeOf(shape));
  if (initializer.kind === 'constant') data.fill(initializer.value);
  else {
    const own = seedOf(seed, name);
    for (let i = 0; i < data.length; i++) {
      data[i] =
        initializer.kind === 'normal'
          ? hashNormal(own, i) * initializer.deviation
          : (2 * hashUniform(own, i) - 1) * initializer.bound;
    }
  }
  return { dtype, shape, data };
}

/** One specification from several; a name that stands in more than one must mean the same there. @throws NatsError `name` */
export function mergeSpecs(...specs: readonly StateSpec[]): StateSpec {
  const merged = new Map<string, VariableSpec>();
  for (const variable of specs.flatMap((spec) => [...spec.values()])) {
    const known = merged.get(variable.name);
    if (known && (known.dtype !== variable.dtype || known.shape.join() !== variable.shape.join())) {
      throw new NatsError('name', {
        rule: 'a variable has one dtype and shape in all programs that share a state',
        received: `${variable.dtype}[${variable.shape.join(', ')}] and ${known.dtype}[${known.shape.join(', ')}]`,
        where: variable.name,
      });
    }
    if (!known) merged.set(variable.name, variable);
  }
  return merged;
}

/** Starts as zeros. */
export const zeros: Initializer = { kind: 'constant', value: 0 };
/** Starts as ones. */
export const ones: Initializer = { kind: 'constant', value: 1 };

/** He et al. 2015, for ReLU networks: deviation sqrt(2 / fan). torchvision's ResNets use the fan out. */
export function kaimingNormal(fan: number): Initializer {
  return { kind: 'normal', deviation: Math.sqrt(2 / fan) };
}

/** PyTorch's default for linear and convolution layers: uniform within 1 / sqrt(fan in). */
export function fanInUniform(fanIn: number): Initializer {
  return { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) };
}
