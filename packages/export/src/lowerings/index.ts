import type { Tensor } from '@nats/graph';
import { type LoweringContext, type Lowerings, loweringTable } from '../lowering.js';
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
import { roiAlignGradientLowerings } from './roi-align-gradient.js';

/** For every op a lowering to standard ONNX, right on any runtime. Engines replace single ones by faster ones. */
export const portableLowerings: Lowerings = [
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
  ...roiAlignGradientLowerings,
  ...poolingLowerings,
  ...reductionLowerings,
];

const byOp = loweringTable(portableLowerings);

/** Writes a node by its op's portable lowering: for engines whose own does not fit every shape. */
export function lowerPortably<A, I extends readonly (Tensor | undefined)[], O extends readonly (Tensor | undefined)[]>(
  context: LoweringContext<A, I, O>,
): void {
  byOp
    .get(context.node.op.name)!
    .lower(context as unknown as LoweringContext<unknown, readonly Tensor[], readonly Tensor[]>);
}
