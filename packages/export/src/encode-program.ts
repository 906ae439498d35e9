import { create, toBinary } from '@bufbuild/protobuf';
import { NatsError, type Node, type Program, type Tensor, type TensorData } from '@nats/graph';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import type { LoweringTable } from './lowering.js';
import { portableLowerings } from './lowerings/index.js';
import { createOnnxBuilder, type OnnxBuilder, sequenceInfo, valueInfo } from './onnx-builder.js';
import { IR_VERSION, OPSET_VERSION, PRODUCER } from './versions.js';

export interface EncodeOptions {
  /** Values of variables that become initialisers. Variables without a value become inputs of the graph. */
  readonly values?: ReadonlyMap<string, TensorData>;
  /** Replace the portable lowerings of single ops. */
  readonly lowerings?: LoweringTable;
  /** Name of the graph; default 'nats'. */
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of one more output, before all others: a sequence of one number. For bindings that only convert tensors. */
  readonly sequenceOutput?: string;
}

/** The name under which a graph returns a variable's new value. */
export function updateName(variable: string): string {
  return `${variable}:next`;
}

/** Writes a program as the bytes of an ONNX model. Inputs, variables and outputs keep their names. */
export function encodeProgram(program: Program, options: EncodeOptions = {}): Uint8Array {
  return toBinary(ModelProtoSchema, programModel(program, options));
}

/** `encodeProgram` before it becomes bytes. */
export function programModel(program: Program, options: EncodeOptions = {}): ModelProto {
  const { values = new Map(), name = 'nats', metadata = {}, sequenceOutput } = options;
  const builder = createOnnxBuilder();
  for (const reserved of [...program.inputs.keys(), ...program.variables.keys()]) builder.fresh(reserved);
  const names = nameEnds(program, builder);
  const table = { ...portableLowerings, ...options.lowerings };
  const context: LoweringState = { names, builder, table, values, written: new Set() };
  for (const node of program.nodes) lowerNode(node, context);
  aliasEnds(program, names, builder);
  if (sequenceOutput !== undefined) builder.node('SequenceConstruct', [builder.float(0)], {}, [sequenceOutput]);
  const free = [...program.variables].filter(([variable]) => !values.has(variable));
  return create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: PRODUCER,
    opsetImport: [...builder.domains].map((domain) => ({ domain, version: BigInt(domain === '' ? OPSET_VERSION : 1) })),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: builder.nodes,
      initializer: builder.initializers,
      input: [...program.inputs, ...free].map(([input, tensor]) => valueInfo(input, tensor)),
      output: [
        ...(sequenceOutput === undefined ? [] : [sequenceInfo(sequenceOutput)]),
        ...[...endNames(program)].map(([output, tensor]) => valueInfo(output, tensor)),
      ],
    },
  });
}

function* endNames(program: Program): Iterable<[string, Tensor]> {
  yield* program.outputs;
  for (const [variable, tensor] of program.updates) yield [updateName(variable), tensor];
}

/** Computed ends are born under their own name; sources and second names get an Identity in `aliasEnds`. */
function nameEnds(program: Program, builder: OnnxBuilder): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of endNames(program)) {
    if (builder.fresh(name) !== name) {
      throw new NatsError('name', {
        rule: "a program's inputs, variables and outputs have different names",
        received: name,
      });
    }
    const isSource = ['input', 'variable', 'constant'].includes(tensor.node.op.name);
    if (!isSource && !names.has(tensor)) names.set(tensor, name);
  }
  return names;
}

function aliasEnds(program: Program, names: ReadonlyMap<Tensor, string>, builder: OnnxBuilder): void {
  for (const [name, tensor] of endNames(program)) {
    const value = names.get(tensor)!;
    if (value !== name) builder.node('Identity', [value], {}, [name]);
  }
}

interface LoweringState {
  readonly names: Map<Tensor, string>;
  readonly builder: OnnxBuilder;
  readonly table: LoweringTable;
  readonly values: ReadonlyMap<string, TensorData>;
  /** Variables that are initialisers already: a program may hold a variable's node twice. */
  readonly written: Set<string>;
}

function lowerNode(node: Node, context: LoweringState): void {
  const { names, builder, table, values } = context;
  const [output] = node.outputs as [Tensor];
  if (node.op.name === 'input' || node.op.name === 'variable') {
    const { name } = node.attributes as { name: string };
    const value = node.op.name === 'variable' ? values.get(name) : undefined;
    if (value && !context.written.has(name)) builder.constant(value, name);
    context.written.add(name);
    names.set(output, name);
    return;
  }
  if (node.op.name === 'constant') {
    names.set(output, builder.constant((node.attributes as { value: TensorData }).value));
    return;
  }
  const rule = table[node.op.name];
  if (!rule) {
    throw new NatsError('unsupported', {
      rule: 'every op of an exported program has a lowering to ONNX',
      received: node.op.name,
      where: node.scope,
    });
  }
  for (const tensor of node.outputs) {
    if (!names.has(tensor))
      names.set(tensor, builder.fresh(node.scope ? `${node.scope}/${node.op.name}` : node.op.name));
  }
  rule.lower({
    builder,
    node,
    attributes: node.attributes,
    inputs: node.inputs.map((x) => names.get(x)!),
    outputs: node.outputs.map((x) => names.get(x)!),
    shapes: node.inputs.map((x) => x.shape),
  });
}
