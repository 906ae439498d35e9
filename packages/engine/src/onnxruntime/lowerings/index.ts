import type { LoweringTable } from '@nats/export';
import { convolutionLowerings } from './convolution.js';
import { maxPoolLowerings } from './max-pool-grad.js';
import { reluLowerings } from './relu.js';

/** Where onnxruntime has a faster way than the portable lowering. */
export const engineLowerings: LoweringTable = { ...convolutionLowerings, ...reluLowerings, ...maxPoolLowerings };
