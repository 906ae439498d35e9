import { create } from '@bufbuild/protobuf';
import { check } from '@nats/graph';
import {
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import { elementTypes } from './element-types.js';
import { float16Bits, float16Value, LARGEST_FLOAT16 } from './float16.js';
import type { OnnxBuilder } from './onnx-builder.js';

const { FLOAT, FLOAT16 } = TensorProto_DataType;

/** Ops that have weights: where the time goes, and the bytes. */
const WEIGHTED = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * Ops that compute in float16 where they stand between two weighted ones. All have float16 kernels on WebGPU and CUDA; on the
 * CPU onnxruntime computes them in float32 and leaves the Casts between them out. What is missing has a reason: sums, squares,
 * exponentials and quotients leave float16's range (norms that are not folded), positions need more than its 11 bits (boxes),
 * and NonMaxSuppression, RoiAlign and TopK have no float16 kernel everywhere.
 */
const FOLLOWING = new Set([
  ...['Add', 'Sub', 'Mul', 'Max', 'Min', 'Neg', 'Abs', 'Clip', 'Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSigmoid'],
  ...[
    'Identity',
    'Reshape',
    'Transpose',
    'Concat',
    'Slice',
    'Split',
    'Pad',
    'Gather',
    'Expand',
    'Unsqueeze',
    'Squeeze',
  ],
  ...['Flatten', 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'Resize'],
]);

/** Inputs that keep their type where the others are float16: Resize's region and scales. */
const typed = ({ opType }: NodeProto, position: number) => opType !== 'Resize' || position === 0;

/** A graph as a model has it. */
export interface GraphParts {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

/**
 * The same graph with weights and activations in float16 (mixed precision: Micikevicius et al. 2018, for inference). Convolutions
 * and matrix products with weights become float16, and of the other nodes those of which everything that they read is float16
 * already and that lead to one of them: from the first convolution to the last of each branch. What comes before, between (where
 * a node can't) and behind stays float32: normalization of pixels, sums over many values, boxes, scores, suppression. Values are
 * cast once where they cross, and no Cast reads another's result if it could read what that one read. Inputs and outputs keep
 * their types.
 * @throws NatsError `state` for a weight beyond 65504, the largest float16
 */
export function halfPrecision(
  { nodes, initializers, fresh }: Pick<OnnxBuilder, 'nodes' | 'initializers' | 'fresh'>,
  inputs: readonly ValueInfoProto[],
  outputs: readonly ValueInfoProto[],
): GraphParts {
  const types = elementTypes(nodes, initializers, inputs);
  const weights = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const half = halfNodes(nodes, types, weights);
  const producers = new Map(nodes.flatMap((node) => node.output.map((output) => [output, node] as const)));
  const ends = new Set(outputs.map(({ name }) => name));
  const isHalf = (value: string) =>
    types.get(value) === FLOAT && producers.has(value) && half.has(producers.get(value)!);

  const written: NodeProto[] = [];
  const constants = new Map<string, TensorProto>();
  const casts = new Map<string, string>();
  // A graph's output keeps its name and type: its float16 twin gets another name.
  const halfName = new Map<string, string>();
  const nameOfHalf = (value: string) =>
    known(halfName, value, () => (ends.has(value) ? fresh(`${value}/float16`) : value));
  const cast = (
    from: string,
    value: string,
    to: number,
    output = fresh(`${value}/${to === FLOAT ? 'float32' : 'float16'}`),
  ) =>
    known(casts, `${value} ${to}`, () => {
      written.push(castNode(fresh(`node/${output}`), from, output, to));
      return output;
    });
  const asHalf = (value: string): string => {
    if (isHalf(value)) return nameOfHalf(value);
    const constant = weights.get(value);
    if (constant) return known(constants, value, () => halfTensor(constant, fresh(`${value}/float16`))).name;
    const producer = producers.get(value);
    // What was cast to float32 is cast to float16 instead, from what it was.
    const source = producer?.opType === 'Cast' ? producer.input[0]! : value;
    return cast(source, value, FLOAT16);
  };
  const asFloat = (value: string): string => {
    if (!isHalf(value)) return value;
    return ends.has(value) ? value : cast(nameOfHalf(value), value, FLOAT);
  };

  for (const node of nodes) {
    const isCast = node.opType === 'Cast';
    const input = node.input.map((value, position) => {
      if (types.get(value) !== FLOAT) return value;
      if (half.has(node)) return typed(node, position) ? asHalf(value) : asFloat(value);
      return isCast && isHalf(value) ? nameOfHalf(value) : asFloat(value);
    });
    const output = node.output.map((value) => (isHalf(value) ? nameOfHalf(value) : value));
    written.push(create(NodeProtoSchema, { ...node, input, output }));
    for (const value of node.output) {
      if (ends.has(value) && isHalf(value)) cast(nameOfHalf(value), value, FLOAT, value);
    }
  }
  return withoutUnread(written, initializers, constants, ends);
}

/** The value of a key, made when it is asked for first. */
function known<K, V>(values: Map<K, V>, key: K, make: () => V): V {
  if (!values.has(key)) values.set(key, make());
  return values.get(key)!;
}

/** Nodes that compute in float16. */
function halfNodes(
  nodes: readonly NodeProto[],
  types: ReadonlyMap<string, number>,
  weights: ReadonlyMap<string, unknown>,
): Set<NodeProto> {
  // Forward: weighted nodes, and what follows them alone. Weights may be turned before they are used.
  const after = new Set<NodeProto>();
  const fixed = new Set(weights.keys());
  const made = new Set<string>();
  const weighted = ({ opType, input, output }: NodeProto) =>
    WEIGHTED.has(opType) && fixed.has(input[1]!) && types.get(output[0]!) === FLOAT;
  for (const node of nodes.filter(({ domain }) => domain === '')) {
    const floats = node.input.filter((value, position) => types.get(value) === FLOAT && typed(node, position));
    const read = floats.filter((value) => !fixed.has(value));
    const follows = FOLLOWING.has(node.opType) && floats.length > 0 && read.every((value) => made.has(value));
    if (!(follows || weighted(node))) continue;
    after.add(node);
    for (const value of node.output) (read.length > 0 ? made : fixed).add(value);
  }
  // Backward: of these, what leads to weighted ones.
  const found = new Set<NodeProto>();
  const wanted = new Set<string>();
  for (const node of [...nodes].reverse()) {
    if (!after.has(node) || !(weighted(node) || node.output.some((value) => wanted.has(value)))) continue;
    found.add(node);
    for (const value of node.input) wanted.add(value);
  }
  return found;
}

function castNode(name: string, from: string, output: string, to: number): NodeProto {
  const attribute = [{ name: 'to', type: 2, i: BigInt(to) }];
  return create(NodeProtoSchema, { opType: 'Cast', name, input: [from], output: [output], attribute });
}

/** A float32 initializer in float16. */
function halfTensor({ name, dims, rawData }: TensorProto, newName: string): TensorProto {
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const bytes = new DataView(new ArrayBuffer(rawData.byteLength / 2));
  for (let i = 0; i < rawData.byteLength / 4; i++) {
    const value = view.getFloat32(4 * i, true);
    const bits = float16Bits(value);
    check(!Number.isFinite(value) || Number.isFinite(float16Value(bits)), 'state', () => ({
      rule: `a weight in float16 is at most ${LARGEST_FLOAT16}`,
      received: String(value),
      limit: 'export in float32, or train with weight decay',
      where: name,
    }));
    bytes.setUint16(2 * i, bits, true);
  }
  return create(TensorProtoSchema, { name: newName, dataType: FLOAT16, dims, rawData: new Uint8Array(bytes.buffer) });
}

/** Without initializers and Casts that nothing reads any more; a weight that only float16 nodes read keeps its name. */
function withoutUnread(
  nodes: readonly NodeProto[],
  initializers: readonly TensorProto[],
  constants: ReadonlyMap<string, TensorProto>,
  ends: ReadonlySet<string>,
): GraphParts {
  const read = new Set(ends);
  const kept: NodeProto[] = [];
  for (const node of [...nodes].reverse()) {
    if (node.opType === 'Cast' && !node.output.some((value) => read.has(value))) continue;
    for (const value of node.input) read.add(value);
    kept.push(node);
  }
  const names = new Map<string, string>();
  const tensors = initializers.flatMap((tensor) => {
    const twin = constants.get(tensor.name);
    if (!twin) return [tensor];
    if (read.has(tensor.name)) return [tensor, twin];
    names.set(twin.name, tensor.name);
    return [{ ...twin, name: tensor.name }];
  });
  const renamed = kept
    .reverse()
    .map((node) => ({ ...node, input: node.input.map((value) => names.get(value) ?? value) }));
  return { nodes: renamed, initializers: tensors };
}
