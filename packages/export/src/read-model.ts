import { fromBinary } from '@bufbuild/protobuf';
import { malformed } from '@nats/graph';
import { type ModelProto, ModelProtoSchema, TensorProto_DataType, type ValueInfoProto } from 'onnx-buf';

/** An input or output of a model. */
export interface ModelValue {
  readonly name: string;
  /** `float32`, `int64`, …; `sequence` and the like for what is no tensor. */
  readonly type: string;
  /** Names stand for dimensions that a run decides; undefined if the file does not tell the rank. */
  readonly shape: readonly (number | string)[] | undefined;
  /** What the file says of it, if it does. */
  readonly note?: string;
}

/** What a model file says about itself, its weights' values aside. */
export interface ModelDescription {
  readonly irVersion: number;
  /** Version by domain; '' is ONNX itself. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly name: string;
  /** What must be fed: inputs without those that have a value in the file. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly initializers: readonly ModelValue[];
  readonly metadata: Readonly<Record<string, string>>;
  /** How many nodes of each op, the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
}

/**
 * Reads what an ONNX file says about itself, whoever wrote it.
 * @param file its name, for messages
 * @throws NatsError `malformed` for bytes that are no ONNX model
 */
export function readModel(bytes: Uint8Array, file = 'the model'): ModelDescription {
  const model = decode(bytes, file);
  const graph = model.graph;
  if (!graph || model.irVersion === 0n) {
    throw malformed(file, 'graph', { rule: 'an ONNX model has a format version and a graph', received: 'none' });
  }
  const initializers = graph.initializer.map(({ name, dataType, dims }) => ({
    name,
    type: typeName(dataType),
    shape: dims.map(Number),
  }));
  const valued = new Set(initializers.map(({ name }) => name));
  return {
    irVersion: Number(model.irVersion),
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain, Number(version)])),
    producer: model.producerName,
    name: graph.name,
    inputs: graph.input.map(describeValue).filter(({ name }) => !valued.has(name)),
    outputs: graph.output.map(describeValue),
    initializers,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    operators: countOperators(model),
  };
}

function decode(bytes: Uint8Array, file: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw malformed(file, '', {
      rule: 'an ONNX model is a protocol buffer',
      received: `${bytes.length} bytes that are none: ${error instanceof Error ? error.message : error}`,
      limit: 'a file that was written completely',
    });
  }
}

export function typeName(type: number): string {
  const name = TensorProto_DataType[type]?.toLowerCase() ?? `type ${type}`;
  return { float: 'float32', double: 'float64' }[name] ?? name;
}

function describeValue({ name, type, docString }: ValueInfoProto): ModelValue {
  const note = docString === '' ? {} : { note: docString };
  if (type?.value.case !== 'tensorType') {
    return { name, type: type?.value.case?.replace('Type', '') ?? 'unknown', shape: undefined, ...note };
  }
  const { elemType, shape } = type.value.value;
  const dimensions = shape?.dim.map(({ value }) => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' ? value.value : '?';
  });
  return { name, type: typeName(elemType), shape: dimensions, ...note };
}

function countOperators({ graph }: ModelProto): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { domain, opType } of graph?.node ?? []) {
    const name = domain ? `${domain}.${opType}` : opType;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)));
}
