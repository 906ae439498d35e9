import { createProgram, input, type Node, type Tensor, withScopePath } from '@nats/graph';
import { valueName } from './lower-program.js';
import { type Lowering, lowering } from './lowering.js';

/**
 * A lowering that says an op in terms of others: `build` gets placeholders of the node's inputs and returns its outputs,
 * in order. What it builds is simplified as a program of its own, and written in place.
 */
export function composed<A>(
  build: (inputs: readonly Tensor[], attributes: A, node: Node) => Tensor | readonly Tensor[],
): Lowering {
  return lowering<A>(({ node, attributes, inputs, outputs, inline }) => {
    const program = withScopePath(valueName(node), () => {
      const places = node.inputs.map((x, i) => input(`input ${i}`, x.dtype, x.shape));
      const results = [build(places, attributes, node)].flat();
      return createProgram({ outputs: Object.fromEntries(results.map((tensor, i) => [`output ${i}`, tensor])) });
    });
    inline(program, labelled('input', inputs), labelled('output', outputs));
  });
}

function labelled(label: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [`${label} ${i}`, name]));
}
