import { constant, constantOp, variable, variableOp } from '../ops/source.js';
import { ends, mapEnds, type Program } from '../program.js';
import type { Node, Tensor } from '../tensor.js';
import { type TensorData, tensorData } from '../tensor-data.js';
import { copyNode } from '../traversal.js';

/** A program whose variables are fewer, and their values. */
export interface FrozenProgram {
  readonly program: Program;
  /** Of the program's variables, those that have one. */
  readonly values: Map<string, TensorData>;
}

/**
 * Computes what depends on variables and constants alone, in float64 by the ops' own evaluation, rounded once to float32.
 * Each result becomes a variable, named as the first variable in its computation where the name is free: permuted or
 * scaled weights keep their names. (`foldVariables` makes constants of them.)
 * @param values of variables of the state; those without a value stay as they are
 */
export function freezeVariables(program: Program, values: ReadonlyMap<string, TensorData>): FrozenProgram {
  const known = new Map<Tensor, TensorData>();
  for (const node of program.nodes) {
    const results = evaluateFixed(node, known, values);
    if (results) for (const [i, output] of node.outputs.entries()) known.set(output, results[i]!);
  }
  const frozen = new Map<Tensor, Tensor>();
  const newValues = new Map<string, TensorData>();
  const taken = directNames(program, known);
  for (const x of boundary(program, known)) {
    if (x.node.op === variableOp || x.node.op === constantOp) frozen.set(x, x);
    else {
      const value = known.get(x)!;
      const exact = tensorData(value.dtype, value.shape, value.data);
      const name = freeName(x, taken);
      if (name !== undefined) newValues.set(name, exact);
      frozen.set(x, name === undefined ? constant(exact) : variable(name, value.dtype, value.shape));
    }
  }
  const result = rebuild(program, known, frozen);
  for (const name of result.variables.keys()) {
    const value = values.get(name);
    if (value && !newValues.has(name)) newValues.set(name, value);
  }
  return { program: result, values: newValues };
}

/** A node's results, if it depends on constants and known values alone. */
export function evaluateFixed(
  node: Node,
  known: ReadonlyMap<Tensor, TensorData>,
  values: ReadonlyMap<string, TensorData>,
): readonly TensorData[] | undefined {
  if (node.op === constantOp) return node.op.evaluate([], node.attributes);
  if (node.op === variableOp) {
    const value = values.get((node.attributes as { name: string }).name);
    return value && [value];
  }
  if (node.inputs.length === 0 || !node.inputs.every((x) => known.has(x))) return undefined;
  return node.op.evaluate(
    node.inputs.map((x) => known.get(x)!),
    node.attributes,
  );
}

/** Known tensors that are ends or that an unknown node reads, in order of the program. */
function boundary(program: Program, known: ReadonlyMap<Tensor, unknown>): Set<Tensor> {
  const read = program.nodes.filter(({ outputs }) => !known.has(outputs[0]!)).flatMap(({ inputs }) => inputs);
  return new Set([...read, ...ends(program)].filter((x) => known.has(x)));
}

/** Names that other tensors of the frozen program have: of its inputs, ends, and variables that are read as they are. */
function directNames(program: Program, known: ReadonlyMap<Tensor, unknown>): Set<string> {
  const direct = [...boundary(program, known)].filter(({ node }) => node.op === variableOp);
  const unknown = [...program.variables.values()].filter((x) => !known.has(x));
  const variables = [...direct, ...unknown].map(({ node }) => (node.attributes as { name: string }).name);
  return new Set([...program.inputs.keys(), ...program.outputs.keys(), ...variables]);
}

/** The name of the first variable that is met, inputs in order, in the computation of a tensor; undefined without one. */
function freeName(x: Tensor, taken: Set<string>): string | undefined {
  const open = [x.node];
  while (open.length > 0) {
    const node = open.pop()!;
    open.push(...node.inputs.map((input) => input.node).toReversed());
    if (node.op !== variableOp) continue;
    const { name: first } = node.attributes as { name: string };
    let name = first;
    for (let i = 1; taken.has(name); i++) name = `${first}:frozen${i}`;
    taken.add(name);
    return name;
  }
  return undefined;
}

function rebuild(program: Program, known: ReadonlyMap<Tensor, unknown>, frozen: ReadonlyMap<Tensor, Tensor>): Program {
  const rebuilt = new Map<Tensor, Tensor>(frozen);
  for (const node of program.nodes) {
    if (known.has(node.outputs[0]!)) continue;
    const outputs = copyNode(
      node,
      node.inputs.map((x) => rebuilt.get(x)!),
    );
    for (const [i, output] of node.outputs.entries()) rebuilt.set(output, outputs[i]!);
  }
  return mapEnds(program, (end) => rebuilt.get(end)!);
}
