import { type NodeProto, type TensorProto, TensorProto_DataType as Type, type ValueInfoProto } from 'onnx-buf';

/** Ops whose outputs have other element types than their first input, by position; behind the last, that of the first input. */
const OWN_TYPES: Readonly<Record<string, readonly (number | 'first')[]>> = {
  ...Object.fromEntries(['Shape', 'Size', 'NonZero', 'ArgMax', 'NonMaxSuppression'].map((op) => [op, [Type.INT64]])),
  ...Object.fromEntries(
    ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Not', 'IsNaN', 'IsInf'].map((op) => [
      op,
      [Type.BOOL],
    ]),
  ),
  MaxPool: ['first', Type.INT64],
  TopK: ['first', Type.INT64],
};

/** Which input gives an op's outputs their element type, where it is not the first. */
const GIVEN_BY: Readonly<Record<string, number>> = { Where: 1, OneHot: 2 };

/** The element type (TensorProto.DataType) of every value of a graph that lowerings wrote. */
export function elementTypes(
  nodes: readonly NodeProto[],
  initializers: readonly TensorProto[],
  inputs: readonly ValueInfoProto[],
): Map<string, number> {
  const types = new Map(initializers.map(({ name, dataType }) => [name, dataType]));
  for (const { name, type } of inputs) {
    if (type?.value.case === 'tensorType') types.set(name, type.value.value.elemType);
  }
  for (const node of nodes) {
    const first = types.get(node.input[GIVEN_BY[node.opType] ?? 0] ?? '') ?? Type.UNDEFINED;
    for (const [i, output] of node.output.entries()) {
      const own = OWN_TYPES[node.opType]?.[i] ?? 'first';
      const to = node.opType === 'Cast' ? node.attribute.find(({ name }) => name === 'to') : undefined;
      types.set(output, to ? Number(to.i) : own === 'first' ? first : own);
    }
  }
  return types;
}
