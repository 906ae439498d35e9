import { NatsError } from './errors.js';
import { currentScopePath } from './scope-path.js';
import type { Node, Tensor, TensorType } from './tensor.js';
import { BYTES_PER_ELEMENT, type TensorData } from './tensor-data.js';

/** One `T` for each member of a list of tensors: an op's tuple of inputs or outputs as types, values, names. */
export type Each<L extends readonly unknown[], T> = { readonly [K in keyof L]: T };

/** An output's gradient is undefined where the loss does not depend on it: never of an op with one output. */
export type OutputGradients<O extends readonly unknown[]> = O extends readonly [unknown]
  ? readonly [Tensor]
  : Each<O, Tensor | undefined>;

/** What a gradient rule gets. */
export interface GradientContext<A, I extends Tensors = readonly Tensor[], O extends Tensors = readonly [Tensor]> {
  readonly inputs: Each<I, Tensor>;
  readonly outputs: Each<O, Tensor>;
  readonly attributes: A;
  /** Gradient of the loss with respect to each output. */
  readonly gradients: OutputGradients<O>;
  /** Which inputs need a gradient: a rule may skip the others. */
  readonly needed: Each<I, boolean>;
  /**
   * The gradients of the op as if it were composed of others: `compose` builds its outputs from placeholders of its inputs.
   * For ops that are worth a node of their own once, but not twice.
   */
  differentiate(compose: (inputs: Each<I, Tensor>) => Each<O, Tensor>): Tensor[];
}

type Tensors = readonly (Tensor | undefined)[];

/**
 * An op is one object: its shape rule, its gradient rule and its float64 reference evaluation side by side.
 * `A` is the type of its attributes: plain JSON data, fully resolved (no defaults left to fill in). `I` and `O` are the
 * tuples of its inputs and outputs, such as `[x: Tensor, w: Tensor, bias?: Tensor]`; by default any number of inputs and
 * one output.
 */
export interface OpDefinition<A, I extends Tensors = readonly Tensor[], O extends Tensors = readonly [Tensor]> {
  readonly name: string;
  /** Output types from input types. Throws a `NatsError` for inputs or attributes that break the op's rules. */
  infer(inputs: Each<I, TensorType>, attributes: A): Each<O, TensorType>;
  /**
   * Gradients of the inputs, as tensors of the same graph; undefined for an input without one (indices, masks).
   * Ops without this method are not differentiable: asking for a gradient through one is an error.
   */
  gradient?(context: GradientContext<A, I, O>): readonly (Tensor | undefined)[];
  /** Values from values, in float64, written for clarity. What every engine is compared with. */
  evaluate(inputs: Each<I, TensorData>, attributes: A): Each<O, TensorData>;
}

/** Any op, as a node has it. */
export type Op = OpDefinition<unknown, readonly Tensor[], readonly Tensor[]>;

/** Only there so that the types are inferred from the definition. */
export function defineOp<A, I extends Tensors = readonly Tensor[], O extends Tensors = readonly [Tensor]>(
  definition: OpDefinition<A, I, O>,
): OpDefinition<A, I, O> {
  return definition;
}

let nextNodeId = 0;

/** Builds a node after checking its inputs; the messages of shape rules get the scope path here, once for all ops. */
export function applyAll<A, I extends Tensors, O extends Tensors>(
  op: OpDefinition<A, I, O>,
  inputs: Each<I, Tensor>,
  attributes: A,
): Each<O, Tensor> {
  const scope = currentScopePath();
  let types: readonly TensorType[];
  try {
    types = op.infer(inputs, attributes) as readonly TensorType[];
    for (const type of types) checkType(op.name, type);
  } catch (error) {
    if (!(error instanceof NatsError) || error.details.where !== undefined) throw error;
    throw new NatsError(error.code, { ...error.details, where: scope ? `${scope}, ${op.name}` : op.name });
  }
  const outputs: Tensor[] = [];
  const node: Node = {
    id: nextNodeId++,
    op: op as unknown as Op,
    inputs: inputs as readonly Tensor[],
    attributes,
    outputs,
    scope,
  };
  for (const [index, type] of types.entries()) outputs.push({ dtype: type.dtype, shape: type.shape, node, index });
  return outputs as readonly Tensor[] as Each<O, Tensor>;
}

/** `applyAll` for ops with one output. */
export function apply<A, I extends Tensors>(
  op: OpDefinition<A, I, readonly [Tensor]>,
  inputs: Each<I, Tensor>,
  attributes: A,
): Tensor {
  return applyAll(op, inputs, attributes)[0];
}

function checkType(op: string, type: TensorType): void {
  if (!(type.dtype in BYTES_PER_ELEMENT)) {
    throw new NatsError('dtype', { rule: 'a dtype is one of the four known ones', received: String(type.dtype) });
  }
  for (const [axis, dimension] of type.shape.entries()) {
    const valid = dimension === 'N' ? axis === 0 : Number.isSafeInteger(dimension) && dimension >= 0;
    if (!valid) {
      throw new NatsError('shape', {
        rule: `the result of ${op} has whole, non-negative dimensions, and 'N' only in front`,
        received: `[${type.shape.join(', ')}]`,
        limit: 'smaller kernel or larger input, or a known batch size',
      });
    }
  }
}
