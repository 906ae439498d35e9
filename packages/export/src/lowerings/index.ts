import type { LoweringTable } from '../lowering.js';
import { batchNormLowerings } from './batch-norm.js';
import { channelDilationLowerings } from './channel-dilation.js';
import { convolutionLowerings } from './convolution.js';
import { elementwiseLowerings } from './elementwise.js';
import { indexingLowerings } from './indexing.js';
import { layoutLowerings } from './layout.js';
import { logicLowerings } from './logic.js';
import { matmulLowerings } from './matmul.js';
import { nmsLowerings } from './nms.js';
import { poolingLowerings } from './pooling.js';
import { reductionLowerings } from './reduction.js';
import { resizeLowerings } from './resize.js';
import { roiAlignLowerings } from './roi-align.js';

/** For every op a lowering to standard ONNX, right on any runtime. Engines replace single ones by faster ones. */
export const portableLowerings: LoweringTable = {
  ...channelDilationLowerings,
  ...batchNormLowerings,
  ...convolutionLowerings,
  ...elementwiseLowerings,
  ...indexingLowerings,
  ...layoutLowerings,
  ...matmulLowerings,
  ...logicLowerings,
  ...nmsLowerings,
  ...resizeLowerings,
  ...roiAlignLowerings,
  ...poolingLowerings,
  ...reductionLowerings,
};
