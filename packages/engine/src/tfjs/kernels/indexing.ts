import { argMaxOp, gatherOp, topKOp } from '@nats/graph';
import { type Kernels, kernel } from './kernel.js';

export const indexingKernels: Kernels = [
  kernel(gatherOp, ({ run, node, inputs, attributes: { axis } }) => {
    const [x, indices] = [inputs[0].tensor, inputs[1].tensor];
    if (node.inputs[0]!.dtype !== 'bool') return run('GatherV2', { x, indices }, { axis, batchDims: 0 });
    const numbers = run('Cast', { x }, { dtype: 'int32' });
    return run('Cast', { x: run('GatherV2', { x: numbers, indices }, { axis, batchDims: 0 }) }, { dtype: 'bool' });
  }),
  kernel(argMaxOp, ({ run, inputs, attributes: { axis } }) => run('ArgMax', { x: inputs[0].tensor }, { axis })),
  kernel(topKOp, ({ runAll, inputs, attributes: { k } }) =>
    runAll('TopK', { x: inputs[0].tensor }, { k, sorted: true }),
  ),
];
