import {
  add,
  input,
  multiply,
  type Scope,
  type StateSpec,
  subtract,
  type Tensor,
  type TensorData,
  zeros,
} from '@nats/graph';

const PREFIX = 'average';

/** Moving average of the weights. */
export interface AverageOptions {
  /** Share of the old average that stays in each step: 0.999 averages over about 1,000 steps. */
  readonly decay: number;
  /** Starts with a short memory: at most (1 + step) / (10 + step), as TensorFlow and timm; default true. */
  readonly warmUp?: boolean;
}

/** The decay to feed at a step (0, 1, …). */
export function averageDecay({ decay, warmUp = true }: AverageOptions, step: number): number {
  return warmUp ? Math.min(decay, (1 + step) / (10 + step)) : decay;
}

/**
 * Adds moving averages to a scope, in slots `average.NAME`: `average = decay * average + (1 - decay) * value`. Declares
 * the input `averageDecay`.
 * @param values new values, by name; those of slots are left out
 */
export function averageUpdates(scope: Scope, values: ReadonlyMap<string, Tensor>): void {
  const decay = input('averageDecay', 'float32', []);
  const share = subtract(1, decay);
  const averages = scope.child(PREFIX);
  for (const [name, value] of values) {
    const { kind, shape } = scope.spec.get(name)!;
    if (kind === 'slot') continue;
    const average = averages.slot(name, shape, zeros);
    scope.update(average, add(multiply(average, decay), multiply(value, share)));
  }
}

/** Averages start at the model's own values. Gives those of the specification's averages that are not `known` already. */
export function initialAverages(
  spec: StateSpec,
  values: ReadonlyMap<string, TensorData>,
  known: ReadonlySet<string>,
): Map<string, TensorData> {
  const starts = [...spec.keys()].flatMap((name): [string, TensorData][] => {
    const source = averagedName(name);
    const value = source === undefined || known.has(name) ? undefined : values.get(source);
    return value ? [[name, value]] : [];
  });
  return new Map(starts);
}

/** The model's values with averages in place of what they average; slots are left out. */
export function averagedValues(spec: StateSpec, values: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
  const model = [...spec.values()].filter(({ kind }) => kind !== 'slot');
  return new Map(model.map(({ name }) => [name, values.get(`${PREFIX}.${name}`) ?? values.get(name)!]));
}

/** The name that an average belongs to; undefined for other names. */
function averagedName(name: string): string | undefined {
  return name.startsWith(`${PREFIX}.`) ? name.slice(PREFIX.length + 1) : undefined;
}
