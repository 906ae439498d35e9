import {
  absOp,
  addOp,
  andOp,
  atanOp,
  castOp,
  ceilOp,
  divideOp,
  equalOp,
  expOp,
  floorOp,
  greaterEqualOp,
  greaterOp,
  lessEqualOp,
  lessOp,
  logOp,
  maximumOp,
  minimumOp,
  multiplyOp,
  negateOp,
  notOp,
  orOp,
  powerOp,
  reciprocalOp,
  reluGradOp,
  reluOp,
  roundOp,
  selectOp,
  sigmoidOp,
  signOp,
  softplusOp,
  sqrtOp,
  squareOp,
  stopGradientOp,
  subtractOp,
  tanhOp,
} from '@nats/graph';
import { type Lowerings, lower, lowerDirect } from '../lowering.js';
import { ONNX_TYPE } from '../onnx-builder.js';

export const elementwiseLowerings: Lowerings = [
  lowerDirect(addOp, 'Add'),
  lowerDirect(subtractOp, 'Sub'),
  lowerDirect(multiplyOp, 'Mul'),
  lowerDirect(divideOp, 'Div'),
  lowerDirect(powerOp, 'Pow'),
  lowerDirect(maximumOp, 'Max'),
  lowerDirect(minimumOp, 'Min'),
  lowerDirect(equalOp, 'Equal'),
  lowerDirect(greaterOp, 'Greater'),
  lowerDirect(greaterEqualOp, 'GreaterOrEqual'),
  lowerDirect(lessOp, 'Less'),
  lowerDirect(lessEqualOp, 'LessOrEqual'),
  lowerDirect(andOp, 'And'),
  lowerDirect(orOp, 'Or'),
  lowerDirect(notOp, 'Not'),
  lowerDirect(negateOp, 'Neg'),
  lowerDirect(absOp, 'Abs'),
  lowerDirect(signOp, 'Sign'),
  lowerDirect(floorOp, 'Floor'),
  lowerDirect(ceilOp, 'Ceil'),
  lowerDirect(roundOp, 'Round'),
  lowerDirect(expOp, 'Exp'),
  lowerDirect(logOp, 'Log'),
  lowerDirect(sqrtOp, 'Sqrt'),
  lowerDirect(reciprocalOp, 'Reciprocal'),
  lowerDirect(sigmoidOp, 'Sigmoid'),
  lowerDirect(tanhOp, 'Tanh'),
  lowerDirect(softplusOp, 'Softplus'),
  lowerDirect(reluOp, 'Relu'),
  lowerDirect(atanOp, 'Atan'),
  lowerDirect(stopGradientOp, 'Identity'),
  lower(squareOp, ({ builder, inputs: [x], outputs }) => void builder.node('Mul', [x, x], {}, outputs)),
  // y is an output of relu, so sign(y) is 0 or 1: cheaper than a comparison and a select.
  lower(reluGradOp, ({ builder, inputs: [g, y], outputs }) => {
    builder.node('Mul', [g, builder.node('Sign', [y])], {}, outputs);
  }),
  // onnxruntime has no Where for bool.
  lower(selectOp, ({ builder, node, inputs: [condition, a, b], outputs }) => {
    if (node.outputs[0]!.dtype !== 'bool') {
      builder.node('Where', [condition, a, b], {}, outputs);
      return;
    }
    const [first, second] = [a, b].map((x) => builder.node('Cast', [x], { to: ONNX_TYPE.uint8 }));
    builder.node('Cast', [builder.node('Where', [condition, first!, second!])], { to: ONNX_TYPE.bool }, outputs);
  }),
  lower(castOp, ({ builder, inputs, outputs, attributes: { to } }) => {
    builder.node('Cast', inputs, { to: ONNX_TYPE[to] }, outputs);
  }),
];
