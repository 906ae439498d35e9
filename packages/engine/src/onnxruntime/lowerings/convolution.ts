import { type LoweringTable, lowering } from '@nats/export';
import type { ConvolutionAttributes, ConvolutionGradientAttributes } from '@nats/graph';
import { lowerForward } from './convolution-forward.js';
import { lowerGradInput } from './convolution-grad-input.js';
import { lowerGradWeight } from './convolution-grad-weight.js';

/** By shape the fastest of several ways; `choose.ts` says which. */
export const convolutionLowerings: LoweringTable = {
  conv2d: lowering<ConvolutionAttributes>(lowerForward),
  convGradInput: lowering<ConvolutionGradientAttributes>(lowerGradInput),
  convGradWeight: lowering<ConvolutionGradientAttributes>(lowerGradWeight),
};
