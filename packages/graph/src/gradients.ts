import { check, NatsError } from './errors.js';
import { add, multiply } from './ops/binary.js';
import { reduceSum } from './ops/reduction.js';
import { fill, input, scalar } from './ops/source.js';
import { formatShape, formatType, type Node, type Tensor } from './tensor.js';
import { copyNode, rewrite, sortedNodes } from './traversal.js';

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
  return op.gradient({
    inputs,
    outputs,
    attributes,
    // Every output of a node that is reached has one, if it is the only one.
    gradients: outputGradients as readonly Tensor[],
    needed,
    differentiate: (compose) => composedGradients(compose, inputs, outputGradients),
  });
}

/**
 * Gradients of what `compose` builds. It is built on placeholders, because the inputs may depend on each other (a batch
 * norm's mean on its input) and each is differentiated as if it did not.
 */
function composedGradients(
  compose: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  outputGradients: readonly (Tensor | undefined)[],
): Tensor[] {
  const standIn = (x: Tensor, name: string) => input(name, x.dtype, x.shape);
  const standIns = inputs.map((x, i) => standIn(x, `input ${i}`));
  const outputs = compose(standIns);
  const given = outputGradients.flatMap((g, i) =>
    g ? [{ actual: g, standIn: standIn(g, `gradient ${i}`), output: outputs[i]! }] : [],
  );
  const loss = given.map(({ standIn, output }) => reduceSum(multiply(standIn, output))).reduce((a, b) => add(a, b));
  const results = gradients(loss, standIns);
  const actual = new Map<Tensor, Tensor>([
    ...standIns.map((x, i): [Tensor, Tensor] => [x, inputs[i]!]),
    ...given.map(({ standIn, actual }): [Tensor, Tensor] => [standIn, actual]),
  ]);
  const replace = rewrite(
    results,
    ({ outputs: [output] }) => (actual.has(output!) ? [actual.get(output!)!] : undefined),
    copyNode,
  );
  return results.map(replace);
}
