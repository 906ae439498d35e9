import type { Each, Node, OpDefinition, Program, Shape, Tensor } from '@nats/graph';
import type { OnnxBuilder } from './onnx-builder.js';

type Tensors = readonly (Tensor | undefined)[];

/** What a lowering gets: `I` and `O` are the op's tuples of inputs and outputs. */
export interface LoweringContext<A, I extends Tensors = readonly Tensor[], O extends Tensors = readonly [Tensor]> {
  readonly builder: OnnxBuilder;
  readonly node: Node;
  readonly attributes: A;
  /** Names of the values of the node's inputs. */
  readonly inputs: Each<I, string>;
  /** Names that the node's outputs must get. */
  readonly outputs: Each<O, string>;
  /** Shapes of the node's inputs. */
  readonly shapes: Each<I, Shape>;
  /**
   * Writes a program in this place: for lowerings that are composed of other ops (see `lowerComposed`).
   * @param inputs names of the values that its inputs stand for
   * @param outputs names that its outputs must get
   */
  inline(program: Program, inputs: Readonly<Record<string, string>>, outputs: Readonly<Record<string, string>>): void;
}

/** How the nodes of one op are written as ONNX nodes. */
export interface Lowering {
  /** The op's name. */
  readonly op: string;
  lower(context: LoweringContext<unknown, readonly Tensor[], readonly Tensor[]>): void;
}

/** Lowerings of different ops; of two for one op the later counts. */
export type Lowerings = readonly Lowering[];

/** By the op's name. */
export function loweringTable(...lists: readonly Lowerings[]): ReadonlyMap<string, Lowering> {
  return new Map(lists.flat().map((lowering) => [lowering.op, lowering]));
}

/** The context of an op's lowering. */
export type ContextOf<D> = D extends OpDefinition<infer A, infer I, infer O> ? LoweringContext<A, I, O> : never;

/** The lowering of an op: its context has the op's attributes, inputs and outputs. */
export function lower<A, I extends Tensors, O extends Tensors>(
  op: OpDefinition<A, I, O>,
  write: (context: LoweringContext<A, I, O>) => void,
): Lowering {
  return { op: op.name, lower: write as unknown as Lowering['lower'] };
}

/** A lowering to one ONNX op without attributes. */
export function lowerDirect<A, I extends Tensors, O extends Tensors>(
  op: OpDefinition<A, I, O>,
  type: string,
): Lowering {
  return {
    op: op.name,
    lower: ({ builder, inputs, outputs }) => void builder.node(type, inputs, {}, outputs),
  };
}
