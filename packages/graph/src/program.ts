import { check } from './errors.js';
import type { InputAttributes } from './ops/source.js';
import { formatType, type Node, type Tensor } from './tensor.js';
import { sortedNodes } from './traversal.js';

/** What an engine runs and the exporter writes: a computation with named ends. */
export interface Program {
  /** Fed at each run, by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Read from the state, by name. */
  readonly variables: ReadonlyMap<string, Tensor>;
  /** Returned by each run, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Written to the state at the end of each run: variable name to its new value. */
  readonly updates: ReadonlyMap<string, Tensor>;
  /** All that is needed and nothing else, inputs before users. */
  readonly nodes: readonly Node[];
}

/** The program that computes other tensors: for passes. Collects sources and drops dead code. */
export function assemble(outputs: ReadonlyMap<string, Tensor>, updates: ReadonlyMap<string, Tensor>): Program {
  const nodes = sortedNodes([...outputs.values(), ...updates.values()]);
  return {
    inputs: namedSources(nodes, 'input'),
    variables: namedSources(nodes, 'variable'),
    outputs,
    updates,
    nodes,
  };
}

function namedSources(nodes: readonly Node[], op: 'input' | 'variable'): Map<string, Tensor> {
  const sources = new Map<string, Tensor>();
  for (const node of nodes) {
    if (node.op.name !== op) continue;
    const { name } = node.attributes as InputAttributes;
    const known = sources.get(name);
    check(!known || formatType(known) === formatType(node.outputs[0]!), 'name', () => ({
      rule: `a name stands for one ${op} of a program`,
      received: `${formatType(node.outputs[0]!)} and ${formatType(known!)}`,
      where: name,
    }));
    if (!known) sources.set(name, node.outputs[0]!);
  }
  return sources;
}

/** Applies a function to every end of a program and assembles it anew. */
export function mapEnds(program: Program, map: (tensor: Tensor) => Tensor): Program {
  const mapped = (ends: ReadonlyMap<string, Tensor>) => new Map([...ends].map(([name, tensor]) => [name, map(tensor)]));
  return assemble(mapped(program.outputs), mapped(program.updates));
}

/** All outputs and updates of a program. */
export function ends(program: Program): Tensor[] {
  return [...program.outputs.values(), ...program.updates.values()];
}
