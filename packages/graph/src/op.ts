import { NatsError } from './errors.js';
import { currentScopePath } from './scope-path.js';
import type { Node, Tensor, TensorType } from './tensor.js';
import { BYTES_PER_ELEMENT, type TensorData } from './tensor-data.js';

export interface GradientContext<A> {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: A;
  /** Gradient of the loss with respect to each output; undefined where the loss does not depend on it. */
  readonly gradients: readonly (Tensor | undefined)[];
  /** Which inputs need a gradient: a rule may skip the others. */
  readonly needed: readonly boolean[];
}

/**
 * An op is one object: its shape rule, its gradient rule and its float64 reference evaluation side by side.
 * `A` is the type of its attributes: plain JSON data, fully resolved (no defaults left to fill in).
 */
export interface OpDefinition<A> {
  readonly name: string;
  /** Output types from input types. Throws a `NatsError` for inputs or attributes that break the op's rules. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  /**
   * Gradients of the inputs, as tensors of the same graph; undefined for an input without one (indices, masks).
   * Ops without this method are not differentiable: asking for a gradient through one is an error.
   */
  gradient?(context: GradientContext<A>): readonly (Tensor | undefined)[];
  /** Values from values, in float64, written for clarity. What every engine is compared with. */
  evaluate(inputs: readonly TensorData[], attributes: A): readonly TensorData[];
}

/** Only there so that the attribute type is inferred from the definition. */
export function defineOp<A>(definition: OpDefinition<A>): OpDefinition<A> {
  return definition;
}

let nextNodeId = 0;

/** Builds a node after checking its inputs; the messages of shape rules get the scope path here, once for all ops. */
export function applyAll<A>(op: OpDefinition<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const scope = currentScopePath();
  let types: readonly TensorType[];
  try {
    types = op.infer(inputs, attributes);
    for (const type of types) checkType(op.name, type);
  } catch (error) {
    if (!(error instanceof NatsError) || error.details.where !== undefined) throw error;
    throw new NatsError(error.code, { ...error.details, where: scope ? `${scope}, ${op.name}` : op.name });
  }
  const outputs: Tensor[] = [];
  const node: Node = { id: nextNodeId++, op, inputs, attributes, outputs, scope };
  for (const [index, type] of types.entries()) outputs.push({ dtype: type.dtype, shape: type.shape, node, index });
  return outputs;
}

/** `applyAll` for ops with one output. */
export function apply<A>(op: OpDefinition<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyAll(op, inputs, attributes)[0]!;
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
