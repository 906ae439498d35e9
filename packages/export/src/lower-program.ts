import { NatsError, type Node, type Program, type Tensor, type TensorData } from '@nats/graph';
import type { Lowering } from './lowering.js';
import type { OnnxBuilder } from './onnx-builder.js';

/** What all nodes of a model share while it is written. */
export interface Encoder {
  readonly builder: OnnxBuilder;
  /** By op. */
  readonly table: ReadonlyMap<string, Lowering>;
  /** Values of variables that become initializers. */
  readonly values: ReadonlyMap<string, TensorData>;
  /** Variables that are initializers already: a program may hold a variable's node twice. */
  readonly written: Set<string>;
}

/** The op's name in front of which a scope's path stands: what a node's values are called in the file. */
export function valueName(node: Node): string {
  return node.scope ? `${node.scope}/${node.op.name}` : node.op.name;
}

/**
 * Writes all nodes of a program. `names` has the names that tensors must get; those of all others are added.
 * @throws NatsError `unsupported` for an op without a lowering
 */
export function lowerNodes(program: Program, names: Map<Tensor, string>, encoder: Encoder): void {
  for (const node of program.nodes) {
    if (node.inputs.length === 0 && names.has(node.outputs[0]!)) continue;
    if (!lowerSource(node, names, encoder)) lowerNode(node, names, encoder);
  }
}

function lowerSource(node: Node, names: Map<Tensor, string>, { builder, values, written }: Encoder): boolean {
  const output = node.outputs[0]!;
  switch (node.op.name) {
    case 'constant':
      names.set(output, builder.constant((node.attributes as { value: TensorData }).value));
      return true;
    case 'input':
    case 'variable': {
      const { name } = node.attributes as { name: string };
      const value = node.op.name === 'variable' ? values.get(name) : undefined;
      if (value && !written.has(name)) builder.constant(value, name);
      written.add(name);
      names.set(output, name);
      return true;
    }
    default:
      return false;
  }
}

function lowerNode(node: Node, names: Map<Tensor, string>, encoder: Encoder): void {
  const { builder, table } = encoder;
  const rule = table.get(node.op.name);
  if (!rule) {
    throw new NatsError('unsupported', {
      rule: 'every op of an exported program has a lowering to ONNX',
      received: node.op.name,
      where: node.scope,
    });
  }
  for (const tensor of node.outputs) if (!names.has(tensor)) names.set(tensor, builder.fresh(valueName(node)));
  rule.lower({
    builder,
    node,
    attributes: node.attributes,
    inputs: node.inputs.map((x) => names.get(x)!),
    outputs: node.outputs.map((x) => names.get(x)!),
    shapes: node.inputs.map((x) => x.shape),
    inline: (program, inputs, outputs) => inlineProgram(program, inputs, outputs, encoder),
  });
}

/** Writes a program as a part of another: its inputs and outputs get the given names. */
export function inlineProgram(
  program: Program,
  inputs: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, string>>,
  encoder: Encoder,
): void {
  const names = new Map<Tensor, string>();
  for (const node of program.nodes) {
    if (node.op.name === 'input') names.set(node.outputs[0]!, inputs[(node.attributes as { name: string }).name]!);
  }
  const ends = [...program.outputs].filter(([name]) => name in outputs);
  for (const [name, tensor] of ends) {
    if (tensor.node.inputs.length > 0 && !names.has(tensor)) names.set(tensor, outputs[name]!);
  }
  lowerNodes(program, names, encoder);
  for (const [name, tensor] of ends) {
    if (names.get(tensor) !== outputs[name])
      encoder.builder.node('Identity', [names.get(tensor)!], {}, [outputs[name]!]);
  }
}
