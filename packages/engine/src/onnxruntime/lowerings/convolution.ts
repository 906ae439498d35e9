import { type Lowerings, lower } from '@nats/export';
import { conv2dOp, convGradInputOp, convGradWeightOp } from '@nats/graph';
import type { BlockSize } from './blocked.js';
import { lowerForward } from './convolution-forward.js';
import { lowerGradInput } from './convolution-grad-input.js';
import { lowerGradWeight } from './convolution-grad-weight.js';

/** By shape the fastest of several ways; `choose.ts` says which. */
export const convolutionLowerings = (block: BlockSize | undefined): Lowerings => [
  lower(conv2dOp, lowerForward),
  lower(convGradInputOp, (context) => lowerGradInput(context, block)),
  lower(convGradWeightOp, lowerGradWeight),
];
