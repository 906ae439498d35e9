import { createProgram, type Each, input, type Node, type OpDefinition, type Tensor, withScopePath } from '@nats/graph';
import { valueName } from './lower-program.js';
import type { Lowering } from './lowering.js';

/**
 * A lowering that says an op in terms of others: `build` gets placeholders of the node's inputs and returns its outputs,
 * in order. What it builds is simplified as a program of its own, and written in place.
 */
export function lowerComposed<A, I extends readonly (Tensor | undefined)[], O extends readonly (Tensor | undefined)[]>(
  op: OpDefinition<A, I, O>,
  build: (inputs: Each<I, Tensor>, attributes: A, node: Node) => Tensor | readonly Tensor[],
): Lowering {
  return {
    op: op.name,
    lower: ({ node, attributes, inputs, outputs, inline }) => {
      const program = withScopePath(valueName(node), () => {
        const stands = node.inputs.map((x, i) => input(`input ${i}`, x.dtype, x.shape));
        const results = [build(stands as readonly Tensor[] as Each<I, Tensor>, attributes as A, node)].flat();
        return createProgram({ outputs: Object.fromEntries(results.map((tensor, i) => [`output ${i}`, tensor])) });
      });
      inline(program, labeled('input', inputs), labeled('output', outputs));
    },
  };
}

function labeled(label: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, i) => [`${label} ${i}`, name]));
}
