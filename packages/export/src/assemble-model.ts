import { create, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema, type ValueInfoProto } from 'onnx-buf';
import { type OnnxBuilder, type ValueType, valueInfo } from './onnx-builder.js';
import { IR_VERSION, OPSET_VERSION, PRODUCER } from './versions.js';

export interface ModelParts {
  /** Of the graph. */
  readonly name: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The model of what a builder has collected. */
export function assembleModel(builder: OnnxBuilder, { name, inputs, outputs, metadata }: ModelParts): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: PRODUCER,
    opsetImport: [...new Set(['', ...builder.domains])].map((domain) => ({
      domain,
      version: BigInt(domain === '' ? OPSET_VERSION : 1),
    })),
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: builder.nodes,
      initializer: builder.initializers,
      input: [...inputs],
      output: [...outputs],
    },
  });
}

/** A graph that was written by hand around programs (`inlineProgram`): its ends and what it says of itself. */
export interface GraphEnds {
  /** Of the graph. */
  readonly name: string;
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly outputs: ReadonlyMap<string, ValueType>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX model of what a builder has collected. */
export function encodeModel(builder: OnnxBuilder, { name, inputs, outputs, metadata }: GraphEnds): Uint8Array {
  const infos = (ends: ReadonlyMap<string, ValueType>) => [...ends].map(([end, type]) => valueInfo(end, type));
  const model = assembleModel(builder, { name, inputs: infos(inputs), outputs: infos(outputs), metadata });
  return toBinary(ModelProtoSchema, model);
}
