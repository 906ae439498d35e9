import { applyAll } from './op.js';
import { withScopePath } from './scope-path.js';
import type { Node, Tensor } from './tensor.js';

/**
 * All nodes that the given tensors depend on, inputs before users, in order of creation among equals.
 * Iterative: networks are deeper than a call stack.
 */
export function sortedNodes(roots: readonly Tensor[]): Node[] {
  const seen = new Set<Node>();
  const open = roots.map((tensor) => tensor.node);
  while (open.length > 0) {
    const node = open.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const x of node.inputs) open.push(x.node);
  }
  // A node's inputs exist before it, so creation order is a topological order.
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Rebuilds a graph from its sources: `replace` gives a node's new outputs, or undefined to copy it onto its new inputs. */
export function rewrite(
  roots: readonly Tensor[],
  replace: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
  copy: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[],
): (tensor: Tensor) => Tensor {
  const rebuilt = new Map<Tensor, Tensor>();
  for (const node of sortedNodes(roots)) {
    const inputs = node.inputs.map((x) => rebuilt.get(x)!);
    const outputs = replace(node, inputs) ?? copy(node, inputs);
    for (const [i, output] of node.outputs.entries()) rebuilt.set(output, outputs[i]!);
  }
  return (tensor) => rebuilt.get(tensor)!;
}

/** The same node on other inputs; the node itself if they are its own. */
export function copyNode(node: Node, inputs: readonly Tensor[]): readonly Tensor[] {
  if (inputs.every((x, i) => x === node.inputs[i])) return node.outputs;
  return withScopePath(node.scope, () => applyAll(node.op, inputs, node.attributes));
}
