import { type LoweringTable, lowering } from '@nats/export';

export const softmaxLowerings: LoweringTable = {
  // LogSoftmax would be computed on the CPU.
  logSoftmax: lowering<{ axis: number }>(({ builder, inputs: [x], outputs, attributes: { axis } }) => {
    const shifted = builder.node('Sub', [x!, builder.node('ReduceMax', [x!], { axes: [axis], keepdims: 1 })]);
    const sum = builder.node('ReduceSum', [builder.node('Exp', [shifted]), builder.int64([axis])], { keepdims: 1 });
    builder.node('Sub', [shifted, builder.node('Log', [sum])], {}, outputs);
  }),
};
