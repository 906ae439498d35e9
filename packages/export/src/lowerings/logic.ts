import { finiteMaskOp, nanMaskOp } from '@nats/graph';
import { type Lowerings, lower, lowerDirect } from '../lowering.js';

export const logicLowerings: Lowerings = [
  lowerDirect(nanMaskOp, 'IsNaN'),
  // NaN is less than nothing.
  lower(finiteMaskOp, ({ builder, inputs, outputs }) => {
    builder.node('Less', [builder.node('Abs', inputs), builder.float(Number.POSITIVE_INFINITY)], {}, outputs);
  }),
];
