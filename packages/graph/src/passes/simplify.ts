import { addOp, divideOp, multiplyOp, subtractOp } from '../ops/binary.js';
import { castOp } from '../ops/cast.js';
import { broadcastToOp, reshape, reshapeOp, transpose, transposeOp } from '../ops/reshape.js';
import { reverseOp } from '../ops/slice.js';
import { constantOp } from '../ops/source.js';
import { negateOp, notOp } from '../ops/unary.js';
import { ends, mapEnds, type Program } from '../program.js';
import { withScopePath } from '../scope-path.js';
import { type Node, type Shape, sameShape, type Tensor } from '../tensor.js';
import type { TensorData } from '../tensor-data.js';
import { copyNode, rewrite } from '../traversal.js';

/**
 * Drops ops that change nothing: x + 0, x - 0, x 1, x / 1, casts and broadcasts to the same type, and what undoes
 * itself: pairs of transposes, reshapes, reversals, negations. Values stay the same bits, except that -0 + 0 is 0.
 */
export function simplify(program: Program): Program {
  return mapEnds(program, rewrite(ends(program), simpler, copyNode));
}

function simpler(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const replacement = withScopePath(node.scope, () => simplerTensor(node, inputs));
  return replacement && [replacement];
}

function simplerTensor({ op, outputs, attributes }: Node, inputs: readonly Tensor[]): Tensor | undefined {
  const [x, y] = inputs as [Tensor, Tensor];
  const inner = x?.node;
  switch (op) {
    case addOp:
      return unchanged(x, y, 0, outputs[0]!) ?? unchanged(y, x, 0, outputs[0]!);
    case multiplyOp:
      return unchanged(x, y, 1, outputs[0]!) ?? unchanged(y, x, 1, outputs[0]!);
    case subtractOp:
      return unchanged(x, y, 0, outputs[0]!);
    case divideOp:
      return unchanged(x, y, 1, outputs[0]!);
    case castOp:
      return x.dtype === outputs[0]!.dtype ? x : undefined;
    case broadcastToOp:
      return sameShape(x.shape, outputs[0]!.shape) ? x : undefined;
    case reshapeOp:
      return inner.op === reshapeOp ? reshape(inner.inputs[0]!, (attributes as { shape: Shape }).shape) : undefined;
    case transposeOp:
      return inner.op === transposeOp ? transpose(inner.inputs[0]!, composed(inner, attributes)) : undefined;
    case reverseOp:
      return inner.op === reverseOp && sameAxes(inner.attributes, attributes) ? inner.inputs[0]! : undefined;
    case negateOp:
    case notOp:
      return inner.op === op ? inner.inputs[0]! : undefined;
    default:
      return undefined;
  }
}

/** `x`, if the other operand is the neutral number everywhere and broadcasting does not stretch x. */
function unchanged(x: Tensor, other: Tensor, neutral: number, result: Tensor): Tensor | undefined {
  if (other.node.op !== constantOp || !sameShape(x.shape, result.shape)) return undefined;
  const { data } = (other.node.attributes as { value: TensorData }).value;
  return data.every((value) => value === neutral) ? x : undefined;
}

function composed(first: Node, second: unknown): number[] {
  const { permutation } = first.attributes as { permutation: readonly number[] };
  return (second as { permutation: readonly number[] }).permutation.map((axis) => permutation[axis]!);
}

function sameAxes(a: unknown, b: unknown): boolean {
  return String((a as { axes: readonly number[] }).axes) === String((b as { axes: readonly number[] }).axes);
}
