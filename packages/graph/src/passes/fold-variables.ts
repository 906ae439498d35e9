import { constant, constantOp, variableOp } from '../ops/source.js';
import { ends, mapEnds, type Program } from '../program.js';
import type { Node, Tensor } from '../tensor.js';
import { type TensorData, tensorData } from '../tensor-data.js';
import { copyNode } from '../traversal.js';
import { evaluateFixed } from './freeze-variables.js';

/**
 * Computes what depends on constants and the given variables alone, such as permuted weights and folded batch norms:
 * in float64 by the ops' own evaluation, rounded once to float32. Variables that are read directly, as most weights
 * are, stay variables with their names.
 * @param values of variables of the state; those without a value stay as they are
 */
export function foldVariables(program: Program, values: ReadonlyMap<string, TensorData>): Program {
  const known = new Map<Tensor, TensorData>();
  const rebuilt = new Map<Tensor, Tensor>();
  for (const node of program.nodes) {
    const results = evaluateFixed(node, known, values);
    if (results) for (const [i, output] of node.outputs.entries()) known.set(output, results[i]!);
    else rebuildNode(node, known, rebuilt);
  }
  for (const end of ends(program)) materialize(end, known, rebuilt);
  return mapEnds(program, (end) => rebuilt.get(end)!);
}

function rebuildNode(node: Node, known: ReadonlyMap<Tensor, TensorData>, rebuilt: Map<Tensor, Tensor>): void {
  const inputs = node.inputs.map((x) => materialize(x, known, rebuilt));
  const outputs = copyNode(node, inputs);
  for (const [i, output] of node.outputs.entries()) rebuilt.set(output, outputs[i]!);
}

/** Sources stay what they are; computed values become constants. */
function materialize(x: Tensor, known: ReadonlyMap<Tensor, TensorData>, rebuilt: Map<Tensor, Tensor>): Tensor {
  const value = known.get(x);
  if (!value) return rebuilt.get(x)!;
  const done = rebuilt.get(x);
  if (done) return done;
  const source = x.node.op === variableOp || x.node.op === constantOp;
  const tensor = source ? x : constant(tensorData(value.dtype, value.shape, value.data));
  rebuilt.set(x, tensor);
  return tensor;
}
