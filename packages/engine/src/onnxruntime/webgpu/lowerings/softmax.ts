import { type Lowerings, lower } from '@nats/export';
import { logSoftmaxOp } from '@nats/graph';

export const softmaxLowerings: Lowerings = [
  // LogSoftmax would be computed on the CPU.
  lower(logSoftmaxOp, ({ builder, inputs: [x], outputs, attributes: { axis } }) => {
    const shifted = builder.node('Sub', [x, builder.node('ReduceMax', [x], { axes: [axis], keepdims: 1 })]);
    const sum = builder.node('ReduceSum', [builder.node('Exp', [shifted]), builder.int64([axis])], { keepdims: 1 });
    builder.node('Sub', [shifted, builder.node('Log', [sum])], {}, outputs);
  }),
];
