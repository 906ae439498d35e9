import { convolutionKernels } from './convolution.js';
import { elementwiseKernels } from './elementwise.js';
import { indexingKernels } from './indexing.js';
import type { Kernel } from './kernel.js';
import { layoutKernels } from './layout.js';
import { matmulKernels } from './matmul.js';
import { reductionKernels } from './reduction.js';

/** By the op's name. */
export const kernels: ReadonlyMap<string, Kernel> = new Map(
  [
    ...convolutionKernels,
    ...elementwiseKernels,
    ...indexingKernels,
    ...layoutKernels,
    ...matmulKernels,
    ...reductionKernels,
  ].map((own) => [own.op, own]),
);
