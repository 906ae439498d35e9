import type { Lowerings } from '@nats/export';
import { convolutionLowerings } from './convolution.js';
import { elementwiseLowerings } from './elementwise.js';
import { maxPoolLowerings } from './max-pool-grad.js';
import { softmaxLowerings } from './softmax.js';

/** Where WebGPU's kernel is missing, wrong or slow (`faults.ts`); all else gets the portable lowerings. */
export const webgpuLowerings: Lowerings = [
  ...convolutionLowerings,
  ...elementwiseLowerings,
  ...maxPoolLowerings,
  ...softmaxLowerings,
];
