import type { Lowerings } from '@nats/export';
import { batchNormLowerings } from './batch-norm.js';
import { channelDilationLowerings } from './channel-dilation.js';
import { convolutionLowerings } from './convolution.js';
import { maxPoolLowerings } from './max-pool-grad.js';
import { reluLowerings } from './relu.js';

/** Where onnxruntime has a faster way than the portable lowering. */
export const engineLowerings: Lowerings = [
  ...batchNormLowerings,
  ...channelDilationLowerings,
  ...convolutionLowerings,
  ...reluLowerings,
  ...maxPoolLowerings,
];
