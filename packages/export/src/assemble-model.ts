import { create, toBinary } from '@bufbuild/protobuf';
import { type ModelProto, ModelProtoSchema, type ValueInfoProto } from 'onnx-buf';
import { halfPrecision } from './half-precision.js';
import { type OnnxBuilder, type ValueType, valueInfo } from './onnx-builder.js';
import { IR_VERSION, OPSET_VERSION, PRODUCER } from './versions.js';

/** Of a file's weights and activations; its inputs and outputs are the same in both. */
export type Precision = 'float32' | 'float16';

export interface ModelParts {
  /** Of the graph. */
  readonly name: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Default float32. */
  readonly precision?: Precision;
}

/** The model of what a builder has collected. */
export function assembleModel(builder: OnnxBuilder, parts: ModelParts): ModelProto {
  const { name, inputs, outputs, metadata, precision } = parts;
  const { nodes, initializers } = precision === 'float16' ? halfPrecision(builder, inputs, outputs) : builder;
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
      node: [...nodes],
      initializer: [...initializers],
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
  /** What there is to be said of inputs, by name: their `doc_string`. */
  readonly notes?: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Default float32. */
  readonly precision?: Precision;
}

/** The bytes of an ONNX model of what a builder has collected. */
export function encodeModel(builder: OnnxBuilder, { inputs, outputs, notes = {}, ...rest }: GraphEnds): Uint8Array {
  const infos = (ends: ReadonlyMap<string, ValueType>) => [...ends].map(([end, type]) => valueInfo(end, type));
  const model = assembleModel(builder, { ...rest, inputs: infos(inputs), outputs: infos(outputs) });
  for (const info of model.graph!.input) info.docString = notes[info.name] ?? '';
  return toBinary(ModelProtoSchema, model);
}
