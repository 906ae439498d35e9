import { atMost, bad, openSource, type ParseOptions, quote, type Source, unsupported } from '../source.js';
import { materialize, type Weights } from '../weights.js';
import { type OnnxTensor, planOnnxTensor, readOnnxTensor, readStringEntry } from './tensor.js';
import { bytesOf, textOf, varintOf, type WireField, walkMessage } from './wire.js';

/** Options of `parseOnnx`. */
export interface OnnxOptions extends ParseOptions {
  /** Files that initializers refer to (external data), by their location as the model has it. */
  readonly externalData?: ReadonlyMap<string, Uint8Array>;
}

interface OnnxModel {
  readonly tensors: readonly OnnxTensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Field numbers of onnx.ModelProto and onnx.GraphProto. */
const MODEL = { irVersion: 1, producer: 2, producerVersion: 3, graph: 7, metadata: 14 } as const;
const GRAPH = { name: 2, initializer: 5, sparseInitializer: 15 } as const;

/**
 * Reads the initializers of an ONNX model; nodes are passed over. Values may be raw, in typed fields, or in files
 * beside the model.
 * @returns tensors by their names in the model: the state dict's names, where the exporter kept them.
 * @throws NatsError `malformed`, `unsupported` (sparse, text, complex, packed 4-bit; external data that is not at
 * hand), `dtype` for an integer outside int32.
 */
export function parseOnnx(bytes: Uint8Array, options: OnnxOptions = {}): Weights {
  const source = openSource(bytes, options);
  const { tensors, metadata } = readModel(source);
  const external = options.externalData ?? new Map<string, Uint8Array>();
  const plans = tensors.map((tensor) => planOnnxTensor(source, tensor, external));
  const used = new Set(tensors.map((tensor) => tensor.external?.location));
  let storedBytes = bytes.length;
  for (const [location, file] of external) if (used.has(location)) storedBytes += file.length;
  return materialize(source, 'onnx', plans, metadata, storedBytes);
}

/** Locations of the files that a model's initializers refer to; as the model says, so not safe to open unchecked. */
export function onnxExternalFiles(bytes: Uint8Array, options: ParseOptions = {}): string[] {
  const { tensors } = readModel(openSource(bytes, options));
  return [...new Set(tensors.flatMap(({ external }) => (external === undefined ? [] : [external.location])))];
}

/** True if the bytes are a protobuf message whose fields are those of an ONNX model, with a graph. */
export function isOnnx(source: Source): boolean {
  let graphs = 0;
  try {
    walkMessage(source, 'model', 0, source.bytes.length, ({ number, type }) => {
      if (number === MODEL.graph && type === 2) graphs++;
      if (number > 64) throw bad(source, 'model', 'fields are those of a model', `${number}`);
    });
  } catch {
    return false;
  }
  return graphs > 0;
}

function readModel(source: Source): OnnxModel {
  const metadata = new Map<string, string>();
  const tensors: OnnxTensor[] = [];
  let graph: WireField | undefined;
  walkMessage(source, 'model', 0, source.bytes.length, (wire) => {
    switch (wire.number) {
      case MODEL.irVersion:
        metadata.set('ir_version', String(varintOf(source, 'ir_version', wire)));
        break;
      case MODEL.producer:
        metadata.set('producer_name', textOf(source, 'producer_name', wire));
        break;
      case MODEL.producerVersion:
        metadata.set('producer_version', textOf(source, 'producer_version', wire));
        break;
      case MODEL.graph:
        if (graph !== undefined) throw bad(source, 'graph', 'a model has one graph', 'two');
        bytesOf(source, 'graph', wire);
        graph = wire;
        break;
      case MODEL.metadata:
        addMetadata(source, wire, metadata);
        break;
    }
  });
  if (graph === undefined) throw bad(source, 'graph', 'a model has a graph', 'none', 'is the file truncated?');
  walkMessage(source, 'graph', graph.start, graph.end, (wire) => {
    if (wire.number === GRAPH.name) metadata.set('graph_name', textOf(source, 'graph name', wire));
    if (wire.number === GRAPH.initializer) {
      if (tensors.length >= source.limits.maxTensors) {
        const limit = atMost('maxTensors', source.limits);
        throw bad(source, 'initializers', 'a model has a bounded number of initializers', 'more', limit);
      }
      tensors.push(readOnnxTensor(source, wire));
    }
    if (wire.number === GRAPH.sparseInitializer) {
      throw unsupported(source, 'graph', 'initializers are dense', 'a sparse one', 'save the model with dense weights');
    }
  });
  return { tensors, metadata };
}

function addMetadata(source: Source, wire: WireField, metadata: Map<string, string>): void {
  const { key, value } = readStringEntry(source, 'metadata_props', wire);
  if (metadata.has(key)) throw bad(source, 'metadata_props', 'a key occurs once', `${quote(key)} twice`);
  if (metadata.size >= source.limits.maxTensors) {
    const limit = atMost('maxTensors', source.limits);
    throw bad(source, 'metadata_props', 'a model has bounded metadata', 'more', limit);
  }
  metadata.set(key, value);
}
