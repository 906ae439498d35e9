import { type DType, type Node, sizeOf } from '@nats/graph';
import type { KernelAttributes, TfTensor } from '../module.js';
import { movesNothing, type Permutation, toPhysical } from '../permutation.js';

export interface Operand {
  readonly tensor: TfTensor;
  readonly order: Permutation;
}

export type Run = (
  name: string,
  inputs: Readonly<Record<string, TfTensor>> | readonly TfTensor[],
  attributes?: KernelAttributes,
) => TfTensor;

export interface KernelContext<A = unknown> {
  /** Runs a kernel with one result. */
  readonly run: Run;
  /** Runs a kernel with several. */
  readonly runAll: (
    name: string,
    inputs: Readonly<Record<string, TfTensor>>,
    attributes: KernelAttributes,
  ) => TfTensor[];
  readonly node: Node;
  readonly attributes: A;
  readonly inputs: readonly Operand[];
  /** Of the first output. */
  readonly order: Permutation;
  /** Logical shape of the first output, batch included. */
  readonly shape: readonly number[];
}

/** Computes an op's outputs in memory, by TensorFlow.js's kernels. */
export type Kernel = (context: KernelContext) => TfTensor | readonly TfTensor[];

export type KernelTable = Readonly<Record<string, Kernel>>;

/** Only there so that the attribute type can be written once. */
export function kernel<A>(compute: (context: KernelContext<A>) => TfTensor | readonly TfTensor[]): Kernel {
  return (context) => compute(context as KernelContext<A>);
}

/** TensorFlow.js has no uint8. */
export const tfDtype = (dtype: DType): 'float32' | 'int32' | 'bool' => (dtype === 'uint8' ? 'int32' : dtype);

export function reshape(run: Run, x: TfTensor, shape: readonly number[]): TfTensor {
  return x.shape.join() === shape.join() && x.shape.length === shape.length ? x : run('Reshape', { x }, { shape });
}

/** Moves memory, where there is something to move. */
export function transpose(run: Run, x: TfTensor, permutation: Permutation): TfTensor {
  const shape = toPhysical(permutation, x.shape);
  if (movesNothing(x.shape, permutation)) return reshape(run, x, shape);
  return run('Transpose', { x }, { perm: permutation });
}

/** Repeats dimensions of size 1, after adding leading ones. */
export function expand(run: Run, x: TfTensor, shape: readonly number[]): TfTensor {
  const padded = reshape(run, x, [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape]);
  const reps = shape.map((size, axis) => (padded.shape[axis] === size ? 1 : size));
  if (reps.every((count) => count === 1)) return padded;
  return run('Tile', { x: padded }, { reps });
}

/** An operand with fewer axes than the result, made to lie against the result's memory. */
export function aligned({ run, order, shape }: KernelContext, { tensor }: Operand): TfTensor {
  if (tensor.shape.length === shape.length || sizeOf(tensor.shape) === 1) return tensor;
  const lead = new Array<number>(shape.length - tensor.shape.length).fill(1);
  return transpose(run, reshape(run, tensor, [...lead, ...tensor.shape]), order);
}

export const physicalShape = ({ order, shape }: KernelContext): number[] => toPhysical(order, shape);
