import {
  copyNode,
  createProgram,
  ends,
  mapEnds,
  type Node,
  type Program,
  rewrite,
  type Tensor,
  withScopePath,
} from '@nats/graph';
import { channelDilationDecompositions } from './channel-dilation.js';
import { convolutionDecompositions } from './convolution.js';
import { indexingDecompositions } from './indexing.js';
import { integerDecompositions } from './integers.js';
import { normalizationDecompositions } from './normalization.js';
import { poolingDecompositions } from './pooling.js';

const table = new Map(
  [
    ...channelDilationDecompositions,
    ...convolutionDecompositions,
    ...indexingDecompositions,
    ...integerDecompositions,
    ...normalizationDecompositions,
    ...poolingDecompositions,
  ].map((rule) => [rule.op, rule]),
);

function simpler(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const result = withScopePath(node.scope, () => table.get(node.op.name)?.build(inputs, node.attributes));
  return result === undefined ? undefined : [result].flat();
}

/** The program said in ops for which there are kernels; ops that appear in decompositions are decomposed too. */
export function decompose(program: Program): Program {
  let current = program;
  for (let changed = true; changed; ) {
    changed = false;
    const replace = (node: Node, inputs: readonly Tensor[]) => {
      const outputs = simpler(node, inputs);
      changed ||= outputs !== undefined;
      return outputs;
    };
    current = mapEnds(current, rewrite(ends(current), replace, copyNode));
  }
  return createProgram({ outputs: Object.fromEntries(current.outputs), updates: current.updates });
}
