import { averagePool2dOp, resizeBilinearOp } from '@nats/graph';
import { type Lowerings, lower } from '../lowering.js';
import { batchOf } from './layout.js';

/** Ops that change the number of pixels, besides those of `pooling.ts`. */
export const resizeLowerings: Lowerings = [
  lower(resizeBilinearOp, ({ builder, inputs: [x], outputs, shapes, attributes: { size } }) => {
    const [n, channels] = shapes[0];
    const rest = [channels as number, ...size];
    const sizes =
      n === 'N'
        ? builder.node('Concat', [batchOf(builder, x), builder.int64(rest)], { axis: 0 })
        : builder.int64([n!, ...rest]);
    const rule = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
    builder.node('Resize', [x, '', '', sizes], rule, outputs);
  }),
  lower(averagePool2dOp, ({ builder, inputs, outputs, attributes }) => {
    const { kernel, stride, padding, countPadding } = attributes;
    const window = { kernel_shape: kernel, strides: stride, pads: padding, count_include_pad: Number(countPadding) };
    builder.node('AveragePool', inputs, window, outputs);
  }),
];
