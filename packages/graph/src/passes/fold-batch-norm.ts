import { add, addOp, divideOp, multiply, multiplyOp, subtractOp } from '../ops/binary.js';
import { type ConvolutionAttributes, conv2d, conv2dOp } from '../ops/convolution.js';
import { broadcastTo, reshape } from '../ops/reshape.js';
import { constantOp, variableOp } from '../ops/source.js';
import { negate, reciprocal } from '../ops/unary.js';
import { ends, mapEnds, type Program } from '../program.js';
import { withScopePath } from '../scope-path.js';
import type { Node, Tensor } from '../tensor.js';
import type { TensorData } from '../tensor-data.js';
import { copyNode } from '../traversal.js';
import { type FrozenProgram, freezeVariables } from './freeze-variables.js';

/**
 * Makes batch norms of running statistics a part of the convolutions before them, for inference: a convolution that is
 * followed by additions, subtractions, products or quotients with one number per channel becomes one with other weights
 * and a bias. All else that depends on the variables alone is computed as well (see `freezeVariables`).
 * @param program without updates and without batch statistics; a convolution whose result is also used elsewhere stays
 * @param values of variables of the state; those without a value stay as they are
 * @returns the program and the values of its variables: a convolution's weight keeps its name, and the bias is called as
 * the norm's
 */
export function foldBatchNorm(program: Program, values: ReadonlyMap<string, TensorData>): FrozenProgram {
  return freezeVariables(absorbChannelArithmetic(program, values), values);
}

interface Rewriting {
  readonly rebuilt: Map<Tensor, Tensor>;
  /** Original tensors that depend on known variables and constants alone. */
  readonly fixed: Set<Tensor>;
  readonly uses: ReadonlyMap<Tensor, number>;
  /** Rebuilt convolutions whose weights are fixed. */
  readonly convolutions: Set<Tensor>;
}

/** The symbolic half: what a convolution's weight and bias become, as computations on variables. */
function absorbChannelArithmetic(program: Program, values: ReadonlyMap<string, TensorData>): Program {
  const state: Rewriting = {
    rebuilt: new Map(),
    fixed: new Set(),
    uses: countUses(program),
    convolutions: new Set(),
  };
  for (const node of program.nodes) {
    const inputs = node.inputs.map((x) => state.rebuilt.get(x)!);
    if (isFixed(node, state.fixed, values)) for (const output of node.outputs) state.fixed.add(output);
    const absorbed = withScopePath(node.scope, () => absorb(node, state));
    const outputs = absorbed ? [absorbed] : copyNode(node, inputs);
    for (const [i, output] of node.outputs.entries()) state.rebuilt.set(output, outputs[i]!);
    const [, w, bias] = node.inputs;
    const ofFixed = node.op === conv2dOp && state.fixed.has(w!) && (!bias || state.fixed.has(bias));
    if (absorbed || ofFixed) state.convolutions.add(outputs[0]!);
  }
  return mapEnds(program, (end) => state.rebuilt.get(end)!);
}

function countUses(program: Program): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  const use = (x: Tensor) => uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const node of program.nodes) for (const x of node.inputs) use(x);
  for (const end of ends(program)) use(end);
  return uses;
}

function isFixed(node: Node, fixed: ReadonlySet<Tensor>, values: ReadonlyMap<string, TensorData>): boolean {
  if (node.op === constantOp) return true;
  if (node.op === variableOp) return values.has((node.attributes as { name: string }).name);
  return node.inputs.length > 0 && node.inputs.every((x) => fixed.has(x));
}

/** The convolution that does the node's arithmetic too, or undefined. */
function absorb(node: Node, { rebuilt, fixed, uses, convolutions }: Rewriting): Tensor | undefined {
  const commutes = node.op === addOp || node.op === multiplyOp;
  if (!commutes && node.op !== subtractOp && node.op !== divideOp) return undefined;
  const orders = commutes ? [node.inputs, node.inputs.toReversed()] : [node.inputs];
  for (const [x, y] of orders as [Tensor, Tensor][]) {
    const convolution = rebuilt.get(x)!;
    if (!convolutions.has(convolution) || uses.get(x) !== 1 || !fixed.has(y)) continue;
    const operand = perChannel(rebuilt.get(y)!, x.shape[1] as number);
    if (operand) return withOperand(convolution.node, node, operand);
  }
  return undefined;
}

/** `[C]`, if the value has one number for each channel of `[N, C, H, W]`, or one for all. */
function perChannel(value: Tensor, channels: number): Tensor | undefined {
  const { shape } = value;
  if (shape.every((size) => size === 1)) return broadcastTo(reshape(value, [1]), [channels]);
  const [n = 1, c, h, w] = [...Array(4 - shape.length).fill(1), ...shape];
  return shape.length <= 4 && n === 1 && c === channels && h === 1 && w === 1 ? reshape(value, [channels]) : undefined;
}

function withOperand({ inputs, attributes }: Node, { op }: Node, operand: Tensor): Tensor {
  const [x, w, bias] = inputs as [Tensor, Tensor, Tensor | undefined];
  const options = attributes as ConvolutionAttributes;
  if (op === addOp || op === subtractOp) {
    const shift = op === addOp ? operand : negate(operand);
    return conv2d(x, w, options, bias ? add(bias, shift) : shift);
  }
  const scale = op === multiplyOp ? operand : reciprocal(operand);
  const weight = multiply(w, reshape(scale, [scale.shape[0]!, 1, 1, 1]));
  return conv2d(x, weight, options, bias && multiply(bias, scale));
}
