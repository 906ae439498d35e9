import type { Node, Program, Tensor } from '@nats/graph';
import { layoutRule } from './layout-rules.js';
import { between, identity, type Permutation, relabeled, samePermutation } from './permutation.js';

/** A place for one tensor of TensorFlow.js during a run, and the order in which its memory has the logical axes. */
export interface Place {
  readonly slot: number;
  readonly order: Permutation;
}

export type Instruction = ComputeInstruction | ConvertInstruction;

/** One op, on inputs and outputs in the orders that it asked for. */
export interface ComputeInstruction {
  readonly kind: 'compute';
  readonly node: Node;
  readonly inputs: readonly Place[];
  readonly outputs: readonly Place[];
  /** Slots that nothing needs any more afterwards. */
  readonly free: readonly number[];
}

/** Memory brought into another order. */
export interface ConvertInstruction {
  readonly kind: 'convert';
  readonly from: number;
  readonly to: number;
  readonly permutation: Permutation;
  readonly free: readonly number[];
}

export interface Plan {
  readonly instructions: readonly Instruction[];
  /** Slots of what is there before the first instruction. */
  readonly inputs: ReadonlyMap<string, number>;
  readonly variables: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<number, Node>;
  /** Slots of results, in logical order. */
  readonly outputs: ReadonlyMap<string, number>;
  readonly updates: ReadonlyMap<string, number>;
  readonly slots: number;
}

/**
 * The pass that removes transposes: TensorFlow.js has kernels for NHWC, programs are NCHW. Every value gets the order in
 * which its op leaves it in memory; elementwise ops, reductions, slices and the like work in any order; a transpose is a
 * new name for the same memory. Only where an op needs another order than a value has is memory moved, once per value
 * and order.
 */
export function planProgram(program: Program): Plan {
  const instructions: (Omit<ComputeInstruction, 'free'> | Omit<ConvertInstruction, 'free'>)[] = [];
  const places = new Map<Tensor, Place>();
  const converted = new Map<string, number>();
  const sources = { input: new Map<string, number>(), variable: new Map<string, number>() };
  const constants = new Map<number, Node>();
  let slots = 0;

  const inOrder = ({ slot, order }: Place, wanted: Permutation): Place => {
    if (samePermutation(order, wanted)) return { slot, order };
    const permutation = between(order, wanted);
    const key = `${slot} ${permutation}`;
    let to = converted.get(key);
    if (to === undefined) {
      to = slots++;
      converted.set(key, to);
      instructions.push({ kind: 'convert', from: slot, to, permutation });
    }
    return { slot: to, order: wanted };
  };

  const placeSource = (node: Node): void => {
    const output = node.outputs[0]!;
    const order = identity(output.shape.length);
    const { name } = node.attributes as { name: string };
    const named = node.op.name === 'constant' ? undefined : sources[node.op.name as 'input' | 'variable'];
    const slot = named?.get(name) ?? slots++;
    if (named) named.set(name, slot);
    else constants.set(slot, node);
    places.set(output, { slot, order });
  };

  const placeNode = (node: Node): void => {
    const given = node.inputs.map((x) => places.get(x)!);
    if (node.op.name === 'stopGradient') return void places.set(node.outputs[0]!, given[0]!);
    if (node.op.name === 'transpose') {
      const { permutation } = node.attributes as { permutation: readonly number[] };
      const order = relabeled(given[0]!.order, permutation);
      return void places.set(node.outputs[0]!, { slot: given[0]!.slot, order });
    }
    const rule = layoutRule(
      node,
      given.map(({ order }) => order),
    );
    const inputs = given.map((place, i) => inOrder(place, rule.inputs[i]!));
    const outputs = node.outputs.map((_, i) => ({ slot: slots++, order: rule.outputs[i]! }));
    for (const [i, output] of node.outputs.entries()) places.set(output, outputs[i]!);
    instructions.push({ kind: 'compute', node, inputs, outputs });
  };

  for (const node of program.nodes) {
    if (['input', 'variable', 'constant'].includes(node.op.name)) placeSource(node);
    else placeNode(node);
  }
  const logical = (ends: ReadonlyMap<string, Tensor>) =>
    new Map(
      [...ends].map(([name, end]) => [name, inOrder(places.get(end)!, identity(end.shape.length)).slot] as const),
    );
  const [outputs, updates] = [logical(program.outputs), logical(program.updates)];
  const kept = new Set([...outputs.values(), ...updates.values(), ...sources.variable.values(), ...constants.keys()]);
  return {
    instructions: withLifetimes(instructions, kept),
    inputs: sources.input,
    variables: sources.variable,
    constants,
    outputs,
    updates,
    slots,
  };
}

/** A slot is free after the last instruction that reads it, or at once if none does. */
function withLifetimes(
  instructions: readonly (Omit<ComputeInstruction, 'free'> | Omit<ConvertInstruction, 'free'>)[],
  kept: ReadonlySet<number>,
): Instruction[] {
  const seen = new Set(kept);
  const freed = instructions.toReversed().map((instruction): Instruction => {
    const touched =
      instruction.kind === 'convert'
        ? [instruction.from, instruction.to]
        : [...instruction.inputs, ...instruction.outputs].map(({ slot }) => slot);
    const free = [...new Set(touched)].filter((slot) => !seen.has(slot));
    for (const slot of free) seen.add(slot);
    return { ...instruction, free } as Instruction;
  });
  return freed.toReversed();
}
