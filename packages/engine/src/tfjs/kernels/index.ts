import { convolutionKernels } from './convolution.js';
import { elementwiseKernels } from './elementwise.js';
import { indexingKernels } from './indexing.js';
import type { KernelTable } from './kernel.js';
import { layoutKernels } from './layout.js';
import { matmulKernels } from './matmul.js';
import { reductionKernels } from './reduction.js';

export const kernels: KernelTable = {
  ...convolutionKernels,
  ...elementwiseKernels,
  ...indexingKernels,
  ...layoutKernels,
  ...matmulKernels,
  ...reductionKernels,
};
