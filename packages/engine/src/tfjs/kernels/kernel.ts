import { type DType, type Each, type Node, type OpDefinition, sizeOf, type Tensor } from '@nats/graph';
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

type Tensors = readonly (Tensor | undefined)[];

/** What a kernel gets: `I` is the op's tuple of inputs. */
export interface KernelContext<A = unknown, I extends Tensors = readonly Tensor[]> {
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
  readonly inputs: Each<I, Operand>;
  /** Of the first output. */
  readonly order: Permutation;
  /** Logical shape of the first output, batch included. */
  readonly shape: readonly number[];
}

/** Computes an op's outputs in memory, by TensorFlow.js's kernels. */
export interface Kernel {
  /** The op's name. */
  readonly op: string;
  compute(context: KernelContext): TfTensor | readonly TfTensor[];
}

/** Of different ops. */
export type Kernels = readonly Kernel[];

/** The kernel of an op: its context has the op's attributes and inputs. */
export function kernel<A, I extends Tensors, O extends Tensors>(
  op: OpDefinition<A, I, O>,
  compute: (context: KernelContext<A, I>) => TfTensor | readonly TfTensor[],
): Kernel {
  return { op: op.name, compute: compute as unknown as Kernel['compute'] };
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

type Outline = Pick<KernelContext, 'run' | 'order' | 'shape'>;

/** An operand with fewer axes than the result, made to lie against the result's memory. */
export function aligned({ run, order, shape }: Outline, { tensor }: Operand): TfTensor {
  if (tensor.shape.length === shape.length || sizeOf(tensor.shape) === 1) return tensor;
  const lead = new Array<number>(shape.length - tensor.shape.length).fill(1);
  return transpose(run, reshape(run, tensor, [...lead, ...tensor.shape]), order);
}

export const physicalShape = ({ order, shape }: Outline): number[] => toPhysical(order, shape);
