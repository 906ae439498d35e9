import { direct, type LoweringTable, lowering } from '../lowering.js';

export const logicLowerings: LoweringTable = {
  nanMask: direct('IsNaN'),
  // NaN is less than nothing.
  finiteMask: lowering(({ builder, inputs, outputs }) => {
    builder.node('Less', [builder.node('Abs', inputs), builder.float(Number.POSITIVE_INFINITY)], {}, outputs);
  }),
};
