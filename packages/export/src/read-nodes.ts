import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { elementTypes } from './element-types.js';
import { typeName } from './read-model.js';

/** A node of a model that this package wrote, with the element types of its values: `float32`, `int64`, … */
export interface ModelNode {
  readonly name: string;
  /** Of ONNX; with `domain.` before those of other domains. */
  readonly op: string;
  /** In order; '' for inputs that are left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The nodes of a model of `encodeProgram` or `encodeModel`, in order: what a runtime has to have kernels for. */
export function readNodes(bytes: Uint8Array): ModelNode[] {
  const { graph } = fromBinary(ModelProtoSchema, bytes);
  const { node: nodes, initializer, input } = graph!;
  const types = elementTypes(nodes, initializer, input);
  const typesOf = (values: readonly string[]) =>
    values.map((value) => (value === '' ? '' : typeName(types.get(value)!)));
  return nodes.map(({ name, domain, opType, input: read, output }) => ({
    name,
    op: domain === '' ? opType : `${domain}.${opType}`,
    inputs: typesOf(read),
    outputs: typesOf(output),
  }));
}
