import { check, NatsError } from './errors.js';
import { add } from './ops/binary.js';
import { fill, scalar } from './ops/source.js';
import { formatShape, formatType, type Node, type Tensor } from './tensor.js';
import { sortedNodes } from './traversal.js';

/**
 * Reverse-mode differentiation: tensors of the same graph that hold the gradient of a scalar with respect to others.
 *
 * @param loss float32 scalar.
 * @param wrt any tensors on the way to the loss: parameters, inputs, or results in between.
 * @returns one float32 tensor for each of `wrt`, in its shape; zeros where the loss does not depend on it.
 * @throws NatsError `gradient` if a needed op has no gradient.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  check(loss.dtype === 'float32' && loss.shape.length === 0, 'gradient', () => ({
    rule: 'gradients are those of a float32 scalar',
    received: formatType(loss),
    limit: 'reduce it to one number first',
  }));
  const nodes = sortedNodes([loss]);
  const dependent = dependentNodes(nodes, wrt);
  checkBatch(dependent, wrt);
  const wanted = new Set(wrt);
  const accumulated = new Map<Tensor, Tensor>([[loss, scalar(1)]]);
  for (const node of nodes.toReversed()) {
    if (!dependent.has(node)) continue;
    const outputGradients = node.outputs.map((output) => accumulated.get(output));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const needed = node.inputs.map((x) => x.dtype === 'float32' && (wanted.has(x) || dependent.has(x.node)));
    if (!needed.includes(true)) continue;
    for (const [i, gradient] of inputGradients(node, outputGradients, needed).entries()) {
      if (!gradient || !needed[i]) continue;
      const x = node.inputs[i]!;
      const sum = accumulated.get(x);
      accumulated.set(x, sum ? add(sum, gradient) : gradient);
    }
  }
  return wrt.map((x) => accumulated.get(x) ?? fill(x.shape as number[], 0));
}

function checkBatch(nodes: Iterable<Node>, wrt: readonly Tensor[]): void {
  for (const { shape, node } of [...wrt, ...[...nodes].flatMap(({ outputs }) => outputs)]) {
    check(shape[0] !== 'N', 'gradient', () => ({
      rule: "gradients need a known batch: 'N' is for inference programs",
      received: `${node.op.name} of shape ${formatShape(shape)}`,
      where: node.scope,
    }));
  }
}

/** Nodes through which a path leads from one of `wrt` (their own nodes included). */
function dependentNodes(nodes: readonly Node[], wrt: readonly Tensor[]): Set<Node> {
  const dependent = new Set(wrt.map((x) => x.node));
  for (const node of nodes) if (node.inputs.some((x) => dependent.has(x.node))) dependent.add(node);
  return dependent;
}

function inputGradients(
  node: Node,
  outputGradients: readonly (Tensor | undefined)[],
  needed: readonly boolean[],
): readonly (Tensor | undefined)[] {
  const { op, inputs, outputs, attributes } = node;
  if (!op.gradient) {
    throw new NatsError('gradient', {
      rule: 'every op between the loss and what it is differentiated by has a gradient',
      received: op.name,
      limit: 'stopGradient() ends a path on purpose',
      where: node.scope,
    });
  }
  return op.gradient({ inputs, outputs, attributes, gradients: outputGradients, needed });
}
