import type { Lowerings } from '@nats/export';
import { batchNormLowerings } from './batch-norm.js';
import type { BlockSize } from './blocked.js';
import { channelDilationLowerings } from './channel-dilation.js';
import { convolutionLowerings } from './convolution.js';
import { maxPoolLowerings } from './max-pool-grad.js';
import { reluLowerings } from './relu.js';

/**
 * Where onnxruntime has a faster way than the portable lowering.
 * @param block of channels, where its CPU kernels have blocked layouts
 */
export const engineLowerings = (block?: BlockSize): Lowerings => [
  ...batchNormLowerings,
  ...channelDilationLowerings,
  ...convolutionLowerings(block),
  ...reluLowerings,
  ...maxPoolLowerings,
];
