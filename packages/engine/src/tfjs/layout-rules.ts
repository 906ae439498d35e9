import {
  absOp,
  addOp,
  andOp,
  atanOp,
  castOp,
  ceilOp,
  concatOp,
  conv2dOp,
  divideOp,
  equalOp,
  expOp,
  finiteMaskOp,
  floorOp,
  greaterEqualOp,
  greaterOp,
  lessEqualOp,
  lessOp,
  logOp,
  type MatMulAttributes,
  matMulOp,
  maximumOp,
  maxPool2dOp,
  minimumOp,
  multiplyOp,
  type Node,
  nanMaskOp,
  negateOp,
  notOp,
  orOp,
  padOp,
  powerOp,
  type ReductionAttributes,
  reciprocalOp,
  reduceMaxOp,
  reduceSumOp,
  reluOp,
  reverseOp,
  roundOp,
  selectOp,
  sigmoidOp,
  signOp,
  sliceOp,
  softplusOp,
  splitOp,
  sqrtOp,
  squareOp,
  subtractOp,
  tanhOp,
} from '@nats/graph';
import { insertZerosOp } from './decompose/insert-zeros.js';
import { floorDivideOp, shortProductOp } from './decompose/integers.js';
import { HWIO, identity, isIdentity, NHWC, type Permutation, samePermutation } from './permutation.js';

export interface LayoutRule {
  /** The order in which each input is needed. */
  readonly inputs: readonly Permutation[];
  /** The order in which each output is left. */
  readonly outputs: readonly Permutation[];
}

const names = (ops: readonly { readonly name: string }[]) => new Set(ops.map(({ name }) => name));

/** Ops on one tensor that leave its axes where they are. */
const FOLLOWERS = names([
  negateOp,
  absOp,
  signOp,
  floorOp,
  ceilOp,
  roundOp,
  expOp,
  logOp,
  sqrtOp,
  reciprocalOp,
  squareOp,
  sigmoidOp,
  tanhOp,
  softplusOp,
  reluOp,
  notOp,
  atanOp,
  castOp,
  nanMaskOp,
  finiteMaskOp,
  insertZerosOp,
  sliceOp,
  splitOp,
  padOp,
  reverseOp,
]);

/** Ops on several tensors, position by position. */
const JOINERS = names([
  addOp,
  subtractOp,
  multiplyOp,
  divideOp,
  powerOp,
  maximumOp,
  minimumOp,
  equalOp,
  greaterOp,
  greaterEqualOp,
  lessOp,
  lessEqualOp,
  andOp,
  orOp,
  selectOp,
  concatOp,
  shortProductOp,
  floorDivideOp,
]);

/** How an op wants and leaves memory, given how its inputs lie there. */
export function layoutRule(node: Node, orders: readonly Permutation[]): LayoutRule {
  const { name } = node.op;
  if (FOLLOWERS.has(name)) return { inputs: orders, outputs: node.outputs.map(() => orders[0]!) };
  if (JOINERS.has(name)) return joined(node, orders);
  if (name === reduceSumOp.name || name === reduceMaxOp.name) return reduced(node, orders[0]!);
  if (name === conv2dOp.name) return { inputs: [NHWC, HWIO], outputs: [NHWC] };
  if (name === maxPool2dOp.name) return { inputs: [NHWC], outputs: [NHWC] };
  if (name === matMulOp.name) return product(node);
  const plain = (tensors: readonly { readonly shape: readonly unknown[] }[]) =>
    tensors.map(({ shape }) => identity(shape.length));
  return { inputs: plain(node.inputs), outputs: plain(node.outputs) };
}

/** The order of the operands that have all axes, if they agree; else that of feature maps, if one has it. Smaller operands are cheap to turn. */
function joined(node: Node, orders: readonly Permutation[]): LayoutRule {
  const rank = node.outputs[0]!.shape.length;
  const size = ({ shape }: { readonly shape: readonly unknown[] }) =>
    shape.reduce<number>((product, dimension) => product * (typeof dimension === 'number' ? dimension : 1), 1);
  const largest = Math.max(...node.inputs.map(size));
  const full = orders.filter((order, i) => order.length === rank && size(node.inputs[i]!) === largest);
  const agreed = full.length > 0 && full.every((order) => samePermutation(order, full[0]!));
  const maps = full.some((order) => samePermutation(order, NHWC));
  const order = agreed ? full[0]! : maps ? NHWC : identity(rank);
  return {
    inputs: orders.map((own) => (own.length === rank ? order : identity(own.length))),
    outputs: [order],
  };
}

/** What is left keeps its place. */
function reduced(node: Node, order: Permutation): LayoutRule {
  const { axes, keepDims } = node.attributes as ReductionAttributes;
  if (keepDims || isIdentity(order)) {
    return { inputs: [order], outputs: [keepDims ? order : identity(order.length - axes.length)] };
  }
  const left = order.filter((axis) => !axes.includes(axis));
  const ranks = [...left].sort((a, b) => a - b);
  return { inputs: [order], outputs: [left.map((axis) => ranks.indexOf(axis))] };
}

/** A factor that is meant transposed is one in another order: the wasm backend is only fast on factors as they are. */
function product(node: Node): LayoutRule {
  const { transposeA, transposeB } = node.attributes as MatMulAttributes;
  const order = (rank: number, transposed: boolean) =>
    transposed ? [...identity(rank - 2), rank - 1, rank - 2] : identity(rank);
  return {
    inputs: [order(node.inputs[0]!.shape.length, transposeA), order(node.inputs[1]!.shape.length, transposeB)],
    outputs: [identity(node.outputs[0]!.shape.length)],
  };
}
