import type { Op } from './op.js';
import type { DType } from './tensor-data.js';

/** Size of an axis. `'N'`, a batch that is known only at run time, may stand first in inference programs. */
export type Dimension = number | 'N';

/** NCHW for feature maps, OIHW for convolution weights, as in ONNX and PyTorch. `[]` is a scalar. */
export type Shape = readonly Dimension[];

/** A dtype and a shape. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One application of an op. */
export interface Node {
  /** Grows with creation, so a node's inputs always have smaller ids. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: unknown;
  readonly outputs: readonly Tensor[];
  /** Scope path in which the op was built, for messages and for names in exported files. */
  readonly scope: string;
}

/** A symbolic handle on one output of a node: a type, and how it is computed. Holds no values. */
export interface Tensor extends TensorType {
  readonly node: Node;
  /** Which output of the node. */
  readonly index: number;
}

/** `[2, 3]`, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** `float32[2, 3]`, for messages. */
export function formatType(type: TensorType): string {
  return `${type.dtype}${formatShape(type.shape)}`;
}

/** Whether two shapes agree in every dimension. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}
