import {
  assemble,
  broadcastTo,
  concat,
  copyNode,
  ends,
  fill,
  type Node,
  type PadAttributes,
  type Program,
  rewrite,
  type SplitAttributes,
  sizeOf,
  split,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';

export interface WithoutEmpty {
  /** Computes all ends that have values, and holds no tensor without any. */
  readonly program: Program;
  /** Outputs without values: nothing is left to compute of them. */
  readonly emptyOutputs: ReadonlyMap<string, Tensor>;
}

/** What follows from nothing does not depend on what else these are given. */
const FROM_NOTHING: ReadonlySet<string> = new Set([
  'reduceSum',
  'matMul',
  'convGradInput',
  'convGradWeight',
  'roiAlignGrad',
  'pyramidRoiAlignGrad',
  'nms',
]);

const isEmpty = ({ shape }: Tensor) => shape.includes(0);

/**
 * Takes tensors with an axis of length 0 out of a program: shapes are known when it is built, so what is computed of
 * nothing is known too. For engines whose kernels refuse such tensors, or crash on them.
 */
export function withoutEmpty(program: Program): WithoutEmpty {
  const emptyOutputs = new Map([...program.outputs].filter(([, tensor]) => isEmpty(tensor)));
  const touched = program.nodes.some(({ inputs, outputs }) => inputs.some(isEmpty) || outputs.some(isEmpty));
  if (!touched) return { program, emptyOutputs };
  const full = (tensors: ReadonlyMap<string, Tensor>) => [...tensors].filter(([, tensor]) => !isEmpty(tensor));
  const rebuilt = rewrite(
    ends(program).filter((tensor) => !isEmpty(tensor)),
    replace,
    copyNode,
  );
  const mapped = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map(full(tensors).map(([name, tensor]) => [name, rebuilt(tensor)]));
  return { program: assemble(mapped(program.outputs), mapped(program.updates)), emptyOutputs };
}

/** Outputs without values stand for themselves: nobody reads them after this. */
function replace(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  if (node.outputs.every(isEmpty)) return node.outputs;
  if (node.outputs.some(isEmpty) && node.op.name === 'split') return splitWithout(node, inputs[0]!);
  if (!inputs.some(isEmpty)) return undefined;
  const output = node.outputs[0]!;
  if (node.op.name === 'concat') {
    const rest = inputs.filter((x) => !isEmpty(x));
    return [rest.length === 1 ? rest[0]! : concat(rest, (node.attributes as { axis: number }).axis)];
  }
  if (output.shape[0] === 'N') return undefined;
  if (node.op.name === 'pad')
    return [fill(output.shape as number[], (node.attributes as PadAttributes).value, output.dtype)];
  if (FROM_NOTHING.has(node.op.name)) return evaluated(node);
  return undefined;
}

function splitWithout(node: Node, x: Tensor): readonly Tensor[] {
  const { axis, sizes } = node.attributes as SplitAttributes;
  const full = sizes.filter((size) => size > 0);
  const parts = full.length === 1 ? [x] : split(x, full, axis);
  let next = 0;
  return node.outputs.map((output) => (isEmpty(output) ? output : parts[next++]!));
}

function evaluated(node: Node): readonly Tensor[] {
  const zeros = node.inputs.map(({ dtype, shape }): TensorData => {
    const known = shape as number[];
    return tensorData(dtype, known, new Array<number>(sizeOf(known)).fill(0));
  });
  const results = node.op.evaluate(zeros, node.attributes);
  // All equal, so that no large constant is written into the program.
  return results.map(({ shape, data, dtype }) =>
    broadcastTo(
      fill(
        shape.map(() => 1),
        data[0]!,
        dtype,
      ),
      shape,
    ),
  );
}
