import { gradients } from '../../gradients.js';
import { add, multiply } from '../../ops/binary.js';
import { reduceSum } from '../../ops/reduction.js';
import { constant, input, variable } from '../../ops/source.js';
import { seedOf } from '../../random.js';
import type { Tensor } from '../../tensor.js';
import type { TensorData } from '../../tensor-data.js';
import { hashed } from '../hashed.js';

export type Values = Readonly<Record<string, TensorData>>;
export type Tensors = Readonly<Record<string, Tensor>>;

/** One computation that every engine must do as the float64 reference does, gradients included. */
export interface ConformanceCase {
  readonly name: string;
  readonly inputs: Values;
  /** Results by name, from tensors for the inputs. */
  build(inputs: Tensors): Tensors;
  /** Inputs whose gradients are compared; default: all of float32, or none if a result has a batch 'N'. */
  readonly gradientsOf?: readonly string[];
  /** False for no finite differences: values on a kink (ties, 0 of relu), or too many. Engines still follow the reference. */
  readonly smooth?: boolean;
  /** Inputs whose first dimension is 'N' in the program. All such cases have a batch of `BATCH`, and are also run with 1. */
  readonly batched?: readonly string[];
  /** The inputs are variables of the state. */
  readonly stateful?: boolean;
  /** Largest error relative to the largest magnitude of the reference's result; default `TOLERANCE`. */
  readonly tolerance?: number;
  /** Results known beforehand, for the reference too. */
  readonly expected?: Readonly<Record<string, readonly number[]>>;
  /** Engines that cannot, with the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

/** Largest difference from the float64 reference, relative to the largest value of a result. */
export const TOLERANCE = 1e-5;
/** Cases with a batch of unknown size are run with so many examples. */
export const BATCH = 3;

/** Names of a case's float results are prefixed by this for their gradients. */
export const GRADIENT = 'gradient of ';

/** The case's results and, of a random projection of them, the gradients. */
export function caseTensors(subject: ConformanceCase, prefix = ''): { results: Tensors; loss: Tensor | undefined } {
  const places = Object.fromEntries(
    Object.entries(subject.inputs).map(([name, value]) => [name, place(subject, `${prefix}${name}`, name, value)]),
  );
  const values = subject.build(places);
  const names = gradientNames(subject);
  if (names.length === 0) return { results: values, loss: undefined };
  const loss = projection(values);
  const wrt = names.map((name) => places[name]!);
  const found = gradients(loss, wrt).map((tensor, i): [string, Tensor] => [`${GRADIENT}${names[i]}`, tensor]);
  return { results: { ...values, ...Object.fromEntries(found) }, loss };
}

function place(subject: ConformanceCase, fullName: string, name: string, { dtype, shape }: TensorData): Tensor {
  if (subject.stateful) return variable(fullName, dtype, shape);
  return input(fullName, dtype, subject.batched?.includes(name) ? ['N', ...shape.slice(1)] : shape);
}

export function gradientNames(subject: ConformanceCase): readonly string[] {
  if (subject.gradientsOf) return subject.gradientsOf;
  if (subject.batched) return [];
  return Object.entries(subject.inputs).flatMap(([name, { dtype }]) => (dtype === 'float32' ? [name] : []));
}

/** The sum of all float results, each value with a weight of its own. */
function projection(values: Tensors): Tensor {
  return Object.entries(values)
    .filter(([, tensor]) => tensor.dtype === 'float32')
    .map(([name, tensor]) => {
      const weights = hashed(tensor.shape as number[], seedOf(7, name));
      return reduceSum(multiply(tensor, constant(weights)));
    })
    .reduce((a, b) => add(a, b));
}
