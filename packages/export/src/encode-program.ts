import { toBinary } from '@bufbuild/protobuf';
import { check, formatType, NatsError, type Program, sizeOf, type Tensor, type TensorData } from '@nats/graph';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { assembleModel, type Precision } from './assemble-model.js';
import { lowerNodes } from './lower-program.js';
import { type Lowerings, loweringTable } from './lowering.js';
import { portableLowerings } from './lowerings/index.js';
import { createOnnxBuilder, type OnnxBuilder, sequenceInfo, valueInfo } from './onnx-builder.js';

/** Options of `encodeProgram`. */
export interface EncodeOptions {
  /** Values of variables that become initializers. Variables without a value become inputs of the graph. */
  readonly values?: ReadonlyMap<string, TensorData>;
  /** Of ops of one's own, and in the place of portable ones. */
  readonly lowerings?: Lowerings;
  /** Name of the graph; default 'nats'. */
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of one more output, before all others: a sequence of one number. For bindings that only convert tensors. */
  readonly sequenceOutput?: string;
  /** Of weights with a value and of activations between them; default float32. */
  readonly precision?: Precision;
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
  const { values = new Map(), name = 'nats', metadata = {}, sequenceOutput, precision } = options;
  const builder = createOnnxBuilder();
  for (const reserved of [...program.inputs.keys(), ...program.variables.keys()]) builder.fresh(reserved);
  const names = nameEnds(program, builder);
  const table = loweringTable(portableLowerings, options.lowerings ?? []);
  checkValues(program, values);
  lowerNodes(program, names, { builder, table, values, written: new Set() });
  aliasEnds(program, names, builder);
  if (sequenceOutput !== undefined) builder.node('SequenceConstruct', [builder.float(0)], {}, [sequenceOutput]);
  const free = [...program.variables].filter(([variable]) => !values.has(variable));
  return assembleModel(builder, {
    name,
    metadata,
    ...(precision && { precision }),
    inputs: [...program.inputs, ...free].map(([input, tensor]) => valueInfo(input, tensor)),
    outputs: [
      ...(sequenceOutput === undefined ? [] : [sequenceInfo(sequenceOutput)]),
      ...[...endNames(program)].map(([output, tensor]) => valueInfo(output, tensor)),
    ],
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

/** Checks values of variables. @throws NatsError `state` for a value that is not of its variable's type */
export function checkValues(program: Program, values: ReadonlyMap<string, TensorData>): void {
  for (const [name, tensor] of program.variables) {
    const value = values.get(name);
    const fits = !value || (formatType(value) === formatType(tensor) && value.data.length === sizeOf(value.shape));
    check(fits, 'state', () => ({
      rule: "a value has its variable's dtype and shape",
      received: `${formatType(value!)} with ${value!.data.length} values`,
      limit: formatType(tensor),
      where: name,
    }));
  }
}
