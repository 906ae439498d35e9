import { conv2dOp, maxPool2dOp, type Padding } from '@nats/graph';
import { type Kernels, kernel, reshape } from './kernel.js';

const sides = ([top, left, bottom, right]: Padding) => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

export const convolutionKernels: Kernels = [
  kernel(conv2dOp, ({ run, inputs, attributes }) => {
    const { stride, dilation, padding, groups } = attributes;
    const [x, filter] = [inputs[0].tensor, inputs[1].tensor];
    const window = { strides: stride, dilations: dilation, pad: sides(padding), dataFormat: 'NHWC' };
    if (groups === 1) return run('Conv2D', { x, filter }, window);
    const [kh, kw, , out] = filter.shape as [number, number, number, number];
    const multiplied = reshape(run, filter, [kh, kw, groups, out / groups]);
    return run('DepthwiseConv2dNative', { x, filter: multiplied }, window);
  }),

  // Padded beforehand: TensorFlow's own kernel takes no explicit padding.
  kernel(maxPool2dOp, ({ run, inputs, attributes: { kernel: filterSize, stride, padding } }) => {
    const paddings = sides(padding);
    const x = run('PadV2', { x: inputs[0].tensor }, { paddings, constantValue: Number.NEGATIVE_INFINITY });
    return run('MaxPool', { x }, { filterSize, strides: stride, pad: 'valid' });
  }),
];
