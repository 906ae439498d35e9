import {
  absOp,
  addOp,
  andOp,
  atanOp,
  castOp,
  ceilOp,
  type DType,
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
  maximumOp,
  minimumOp,
  multiplyOp,
  nanMaskOp,
  negateOp,
  notOp,
  type OpDefinition,
  orOp,
  powerOp,
  reciprocalOp,
  reluOp,
  roundOp,
  selectOp,
  sigmoidOp,
  signOp,
  softplusOp,
  sqrtOp,
  squareOp,
  subtractOp,
  type Tensor,
  tanhOp,
} from '@nats/graph';
import { floorDivideOp, shortProductOp } from '../decompose/integers.js';
import type { TfTensor } from '../module.js';
import {
  aligned,
  expand,
  type Kernel,
  type Kernels,
  kernel,
  type Operand,
  physicalShape,
  type Run,
  tfDtype,
} from './kernel.js';

type UnaryOp = OpDefinition<Record<never, never>, [x: Tensor]>;
type BinaryOp = OpDefinition<Record<never, never>, [a: Tensor, b: Tensor]>;

const unary = (op: UnaryOp, name: string): Kernel => kernel(op, ({ run, inputs: [x] }) => run(name, { x: x.tensor }));

const binary = (op: BinaryOp, name: string): Kernel =>
  kernel(op, (context) => {
    const { run, node, inputs } = context;
    const [a, b] = [aligned(context, inputs[0]), aligned(context, inputs[1])];
    if (name !== 'Equal' || node.inputs[0]!.dtype !== 'bool') return run(name, { a, b });
    const number = (x: typeof a) => run('Cast', { x }, { dtype: 'int32' });
    return run(name, { a: number(a), b: number(b) });
  });

/** The kernel does not broadcast; the wasm backend's writes four bytes for each bool, over what lies behind. */
function choose(run: Run, condition: TfTensor, t: TfTensor, e: TfTensor, dtype: DType): TfTensor {
  if (dtype !== 'bool') return run('Select', { condition, t, e });
  const number = (x: TfTensor) => run('Cast', { x }, { dtype: 'int32' });
  return run('Cast', { x: run('Select', { condition, t: number(t), e: number(e) }) }, { dtype: 'bool' });
}

/** A NaN is the result, whichever operand it is: the wasm backend's kernels lose one of the second operand. */
const extreme = (op: BinaryOp, name: string, replaces: string): Kernel =>
  kernel(op, (context) => {
    const { run, node, inputs } = context;
    const [a, b] = [aligned(context, inputs[0]), aligned(context, inputs[1])];
    if (node.inputs[0]!.dtype === 'int32') return run(name, { a, b });
    const shape = physicalShape(context);
    const second = run('LogicalOr', { a: run(replaces, { a, b }), b: run('IsNan', { x: b }) });
    return run('Select', { condition: expand(run, second, shape), t: expand(run, b, shape), e: expand(run, a, shape) });
  });

export const elementwiseKernels: Kernels = [
  unary(negateOp, 'Neg'),
  unary(absOp, 'Abs'),
  unary(floorOp, 'Floor'),
  unary(ceilOp, 'Ceil'),
  unary(roundOp, 'Round'),
  unary(expOp, 'Exp'),
  unary(logOp, 'Log'),
  unary(sqrtOp, 'Sqrt'),
  unary(reciprocalOp, 'Reciprocal'),
  unary(squareOp, 'Square'),
  unary(sigmoidOp, 'Sigmoid'),
  unary(tanhOp, 'Tanh'),
  unary(softplusOp, 'Softplus'),
  unary(reluOp, 'Relu'),
  unary(notOp, 'LogicalNot'),
  unary(atanOp, 'Atan'),
  unary(nanMaskOp, 'IsNan'),
  unary(finiteMaskOp, 'IsFinite'),
  binary(addOp, 'Add'),
  binary(subtractOp, 'Sub'),
  binary(multiplyOp, 'Multiply'),
  binary(shortProductOp, 'Multiply'),
  binary(floorDivideOp, 'FloorDiv'),
  binary(divideOp, 'RealDiv'),
  binary(powerOp, 'Pow'),
  binary(equalOp, 'Equal'),
  binary(greaterOp, 'Greater'),
  binary(greaterEqualOp, 'GreaterEqual'),
  binary(lessOp, 'Less'),
  binary(lessEqualOp, 'LessEqual'),
  binary(andOp, 'LogicalAnd'),
  binary(orOp, 'LogicalOr'),
  kernel(castOp, ({ run, inputs, attributes: { to } }) => {
    const x = inputs[0].tensor;
    if (to !== 'bool') return run('Cast', { x }, { dtype: tfDtype(to) });
    // The wasm backend's Cast takes the lowest byte.
    if (x.dtype === 'bool') return run('Identity', { x });
    return run('NotEqual', { a: x, b: run('ZerosLike', { x }) });
  }),
  // The kernel gives 0 for NaN.
  kernel(signOp, ({ run, node, inputs }) => {
    const x = inputs[0].tensor;
    const y = run('Sign', { x });
    return node.inputs[0]!.dtype === 'int32' ? y : run('Select', { condition: run('IsNan', { x }), t: x, e: y });
  }),
  extreme(maximumOp, 'Maximum', 'Less'),
  extreme(minimumOp, 'Minimum', 'Greater'),
  kernel(selectOp, (context) => {
    const { run, node, inputs } = context;
    const shape = physicalShape(context);
    const whole = (input: Operand) => expand(run, aligned(context, input), shape);
    const [condition, a, b] = [whole(inputs[0]), whole(inputs[1]), whole(inputs[2])];
    return choose(run, condition, a, b, node.outputs[0]!.dtype);
  }),
];
