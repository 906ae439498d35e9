import { check, NatsError } from './errors.js';
import type { Program } from './program.js';
import type { StateSpec } from './state-spec.js';
import { formatShape, formatType, type Tensor } from './tensor.js';
import type { NumericArray, TensorData } from './tensor-data.js';

/** Values for a program's inputs, by name. */
export type Feeds = Readonly<Record<string, TensorData>>;

/** Who computes programs. Everything above this interface takes an engine as an argument; only callers pick one. */
export interface Engine {
  /** `onnxruntime`, `reference`, … */
  readonly name: string;
  /** All that can change bits: engine version, provider, threads. Recorded in checkpoints. */
  readonly fingerprint: Readonly<Record<string, string | number>>;
  /** A state with the given values. @throws NatsError `state` for a missing or ill-shaped value */
  createState(spec: StateSpec, values: ReadonlyMap<string, TensorData>): Promise<State>;
  compile(program: Program): Promise<Executable>;
  /** Frees everything that this engine made. */
  dispose(): Promise<void>;
}

/** Parameters, statistics, optimizer and random state: many programs work on one state. */
export interface State {
  readonly spec: StateSpec;
  /** Copies of values; all of them by default. */
  read(names?: Iterable<string>): Promise<Map<string, TensorData>>;
  /** Replaces values. @throws NatsError `state` for an unknown name or a wrong shape: then nothing is replaced */
  write(values: ReadonlyMap<string, TensorData>): Promise<void>;
  dispose(): Promise<void>;
}

/** A compiled program. */
export interface Executable {
  readonly program: Program;
  /**
   * Reads and updates the state. If it fails, the state is as before.
   * @throws NatsError `feed`, `state` or `disposed`
   */
  run(state: State, feeds: Feeds): Promise<Record<string, TensorData>>;
  dispose(): Promise<void>;
}

/** The state of programs without variables. */
export const EMPTY_SPEC: StateSpec = new Map();

/** Checks feeds against a program. @throws NatsError `feed` for a missing, unknown or ill-typed feed; the one check of all engines. */
export function checkFeeds(program: Program, feeds: Feeds): void {
  for (const name of Object.keys(feeds)) {
    check(program.inputs.has(name), 'feed', () => ({
      rule: "a feed belongs to one of the program's inputs",
      received: `'${name}'`,
      limit: `inputs: ${[...program.inputs.keys()].join(', ') || 'none'}`,
    }));
  }
  let batch: number | undefined;
  for (const [name, tensor] of program.inputs) {
    const feed = feeds[name];
    check(feed !== undefined, 'feed', () => ({
      rule: 'every input is fed',
      received: 'nothing',
      limit: formatType(tensor),
      where: name,
    }));
    check(fits(tensor, feed), 'feed', () => ({
      rule: "a feed has its input's dtype, shape and number of values",
      received: `${feed.dtype}${formatShape(feed.shape)} with ${feed.data.length} values`,
      limit: formatType(tensor),
      where: name,
    }));
    if (tensor.shape[0] !== 'N') continue;
    batch ??= feed.shape[0]!;
    check(batch === feed.shape[0], 'feed', () => ({
      rule: "all inputs with a batch 'N' are fed the same batch",
      received: `${feed.shape[0]} and ${batch}`,
      where: name,
    }));
  }
}

function fits(tensor: Tensor, feed: TensorData): boolean {
  const shapeFits =
    feed.shape.length === tensor.shape.length && tensor.shape.every((d, axis) => d === 'N' || d === feed.shape[axis]);
  return feed.dtype === tensor.dtype && shapeFits && feed.data.length === feed.shape.reduce((a, b) => a * b, 1);
}

/** Checks feeds for NaN and infinity. @throws NatsError `not-finite` naming the first bad element of a float32 feed. Optional: it reads every value. */
export function checkFinite(feeds: Feeds): void {
  for (const [name, { data, dtype }] of Object.entries(feeds)) {
    if (dtype !== 'float32') continue;
    const bad = findNotFinite(data);
    check(bad < 0, 'not-finite', () => ({
      rule: 'fed numbers are finite',
      received: `${data[bad]} at element ${bad}`,
      where: name,
    }));
  }
}

function findNotFinite(data: NumericArray): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return i;
  return -1;
}

/** Checks values for a state. @throws NatsError `state` unless every value belongs to the specification and fits it; the one check of all engines. */
export function checkStateValues(spec: StateSpec, values: ReadonlyMap<string, TensorData>, complete: boolean): void {
  for (const [name, value] of values) {
    const variable = spec.get(name);
    if (!variable) {
      throw new NatsError('state', {
        rule: 'a state only holds the variables of its specification',
        received: `'${name}'`,
      });
    }
    check(
      formatType(variable) === formatType(value) && value.data.length === value.shape.reduce((a, b) => a * b, 1),
      'state',
      () => ({
        rule: "a value has its variable's dtype and shape",
        received: `${formatType(value)} with ${value.data.length} values`,
        limit: formatType(variable),
        where: name,
      }),
    );
  }
  if (!complete) return;
  const missing = [...spec.keys()].filter((name) => !values.has(name));
  check(missing.length === 0, 'state', () => ({
    rule: 'every variable of a state has a value',
    received: `none for ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
  }));
}

/** Checks a state against a program. @throws NatsError `state` unless the state holds every variable that the program reads or updates. */
export function checkProgramState(program: Program, spec: StateSpec): void {
  for (const [name, tensor] of [...program.variables, ...program.updates]) {
    const variable = spec.get(name);
    check(variable !== undefined && formatType(variable) === formatType(tensor), 'state', () => ({
      rule: 'a program runs on a state that holds its variables',
      received: variable ? formatType(variable) : 'a state without it',
      limit: formatType(tensor),
      where: name,
    }));
  }
}

/** What a run throws that is given something disposed of. */
export function disposedError(what: 'executable' | 'state'): NatsError {
  return new NatsError('disposed', {
    rule: `a run needs a living ${what}`,
    received: `a disposed ${what}`,
    limit: 'compile or create it again',
  });
}

/** What a state throws that is asked for a variable that it does not hold. */
export function unknownVariableError(name: string): NatsError {
  return new NatsError('state', {
    rule: 'a state only holds the variables of its specification',
    received: `'${name}'`,
  });
}

/** The number that 'N' stands for in a run; 0 where no input has a batch of any size. */
export function batchOfFeeds(program: Program, feeds: Feeds): number {
  for (const [name, { shape }] of program.inputs) if (shape[0] === 'N') return feeds[name]!.shape[0]!;
  return 0;
}
