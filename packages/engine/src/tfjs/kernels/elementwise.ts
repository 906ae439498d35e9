import type { DType } from '@nats/graph';
import type { TfTensor } from '../module.js';
import {
  aligned,
  expand,
  type Kernel,
  type KernelTable,
  kernel,
  type Operand,
  physicalShape,
  type Run,
  tfDtype,
} from './kernel.js';

const UNARY = {
  negate: 'Neg',
  abs: 'Abs',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  square: 'Square',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softplus: 'Softplus',
  relu: 'Relu',
  not: 'LogicalNot',
  atan: 'Atan',
  nanMask: 'IsNan',
  finiteMask: 'IsFinite',
} as const;

const BINARY = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Multiply',
  shortProduct: 'Multiply',
  floorDivide: 'FloorDiv',
  divide: 'RealDiv',
  power: 'Pow',
  equal: 'Equal',
  greater: 'Greater',
  greaterEqual: 'GreaterEqual',
  less: 'Less',
  lessEqual: 'LessEqual',
  and: 'LogicalAnd',
  or: 'LogicalOr',
} as const;

const unary = (name: string): Kernel => kernel(({ run, inputs }) => run(name, { x: inputs[0]!.tensor }));

const binary = (name: string): Kernel =>
  kernel((context) => {
    const { run, node, inputs } = context;
    const [a, b] = inputs.map((input) => aligned(context, input)) as [TfTensor, TfTensor];
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
const extreme = (name: string, replaces: string): Kernel =>
  kernel((context) => {
    const { run, node, inputs } = context;
    const [a, b] = inputs.map((input) => aligned(context, input)) as [TfTensor, TfTensor];
    if (node.inputs[0]!.dtype === 'int32') return run(name, { a, b });
    const shape = physicalShape(context);
    const second = run('LogicalOr', { a: run(replaces, { a, b }), b: run('IsNan', { x: b }) });
    return run('Select', { condition: expand(run, second, shape), t: expand(run, b, shape), e: expand(run, a, shape) });
  });

export const elementwiseKernels: KernelTable = {
  ...Object.fromEntries(Object.entries(UNARY).map(([op, name]) => [op, unary(name)])),
  ...Object.fromEntries(Object.entries(BINARY).map(([op, name]) => [op, binary(name)])),
  cast: kernel<{ readonly to: DType }>(({ run, inputs, attributes: { to } }) => {
    const x = inputs[0]!.tensor;
    if (to !== 'bool') return run('Cast', { x }, { dtype: tfDtype(to) });
    // The wasm backend's Cast takes the lowest byte.
    if (x.dtype === 'bool') return run('Identity', { x });
    return run('NotEqual', { a: x, b: run('ZerosLike', { x }) });
  }),
  // The kernel gives 0 for NaN.
  sign: kernel(({ run, node, inputs }) => {
    const x = inputs[0]!.tensor;
    const y = run('Sign', { x });
    return node.inputs[0]!.dtype === 'int32' ? y : run('Select', { condition: run('IsNan', { x }), t: x, e: y });
  }),
  maximum: extreme('Maximum', 'Less'),
  minimum: extreme('Minimum', 'Greater'),
  select: kernel((context) => {
    const { run, node, inputs } = context;
    const shape = physicalShape(context);
    const whole = (input: Operand) => expand(run, aligned(context, input), shape);
    const [condition, a, b] = inputs.map(whole) as [TfTensor, TfTensor, TfTensor];
    return choose(run, condition, a, b, node.outputs[0]!.dtype);
  }),
};
