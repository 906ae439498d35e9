import type { DType } from '@nats/graph';
import { direct, type LoweringTable, lowering } from '../lowering.js';
import { ONNX_TYPE } from '../onnx-builder.js';

const DIRECT: Readonly<Record<string, string>> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  power: 'Pow',
  maximum: 'Max',
  minimum: 'Min',
  equal: 'Equal',
  greater: 'Greater',
  greaterEqual: 'GreaterOrEqual',
  less: 'Less',
  lessEqual: 'LessOrEqual',
  and: 'And',
  or: 'Or',
  not: 'Not',
  negate: 'Neg',
  abs: 'Abs',
  sign: 'Sign',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softplus: 'Softplus',
  relu: 'Relu',
  atan: 'Atan',
  stopGradient: 'Identity',
};

export const elementwiseLowerings: LoweringTable = {
  ...Object.fromEntries(Object.entries(DIRECT).map(([op, type]) => [op, direct(type)])),
  square: lowering(({ builder, inputs: [x], outputs }) => void builder.node('Mul', [x!, x!], {}, outputs)),
  // y is an output of relu, so sign(y) is 0 or 1: cheaper than a comparison and a select.
  reluGrad: lowering(({ builder, inputs: [g, y], outputs }) => {
    builder.node('Mul', [g!, builder.node('Sign', [y!])], {}, outputs);
  }),
  // onnxruntime has no Where for bool.
  select: lowering(({ builder, node, inputs: [condition, a, b], outputs }) => {
    if (node.outputs[0]!.dtype !== 'bool') {
      builder.node('Where', [condition!, a!, b!], {}, outputs);
      return;
    }
    const [first, second] = [a!, b!].map((x) => builder.node('Cast', [x], { to: ONNX_TYPE.uint8 }));
    builder.node('Cast', [builder.node('Where', [condition!, first!, second!])], { to: ONNX_TYPE.bool }, outputs);
  }),
  cast: lowering<{ to: DType }>(({ builder, inputs, outputs, attributes: { to } }) => {
    builder.node('Cast', inputs, { to: ONNX_TYPE[to] }, outputs);
  }),
};
