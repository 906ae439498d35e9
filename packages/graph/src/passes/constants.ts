import { constant, constantOp } from '../ops/source.js';
import { ends, mapEnds, type Program } from '../program.js';
import type { Node, Tensor } from '../tensor.js';
import { sizeOf, type TensorData, tensorData } from '../tensor-data.js';
import { copyNode, rewrite } from '../traversal.js';

/** Results larger than this stay computed: a file should not grow because a fill was folded. */
const FOLDED_SIZE = 65_536;

/** Computes what depends on constants alone, in float64 by the ops' own evaluation, rounded once to float32. */
export function foldConstants(program: Program): Program {
  return mapEnds(program, rewrite(ends(program), fold, copyNode));
}

function fold(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const foldable =
    inputs.length > 0 &&
    inputs.every((x) => x.node.op === constantOp) &&
    node.outputs.every((output) => sizeOf(output.shape as number[]) <= FOLDED_SIZE);
  if (!foldable) return undefined;
  const values = inputs.map((x) => constantOp.evaluate([], x.node.attributes as { value: TensorData })[0]);
  const results = node.op.evaluate(values, node.attributes);
  return results.map(({ dtype, shape, data }) => constant(tensorData(dtype, shape, data)));
}
