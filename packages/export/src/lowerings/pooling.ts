import { maxPool2dOp, maxPoolGradOp, type PoolingAttributes } from '@nats/graph';
import { type ContextOf, type Lowerings, lower } from '../lowering.js';

function window({ kernel, stride, padding }: PoolingAttributes) {
  return { kernel_shape: kernel, strides: stride, pads: padding };
}

/**
 * Each window's gradient goes to its first maximum. No scatter: windows overlap, and a scatter with duplicate indices
 * races. Instead one product per kernel tap: where the tap is the position that MaxPool named, the gradient is put
 * back into place by inserting zeros for the stride and padding for the tap, and the taps are summed in a fixed order.
 */
function lowerMaxPoolGrad({ builder, inputs, outputs, shapes, attributes }: ContextOf<typeof maxPoolGradOp>): void {
  const [g, x] = inputs;
  const [n, c, oh, ow] = shapes[0] as [number, number, number, number];
  const [, , h, w] = shapes[1] as [number, number, number, number];
  const { kernel, stride, padding } = attributes;
  const positions = builder.fresh('maxPoolPositions');
  builder.node('MaxPool', [x], window(attributes), [builder.fresh('maxPoolAgain'), positions]);
  // MaxPool's indices count over the whole tensor; the position inside a plane says which tap it was.
  const inPlane = builder.node('Mod', [positions, builder.int64([h * w])]);
  const wide = [(oh - 1) * stride[0] + kernel[0], (ow - 1) * stride[1] + kernel[1]] as const;
  let sum: string | undefined;
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const tapPositions = builder.int64(
        Array.from({ length: oh * ow }, (_, k) => {
          const row = Math.floor(k / ow) * stride[0] - padding[0] + ky;
          const column = (k % ow) * stride[1] - padding[1] + kx;
          return row >= 0 && row < h && column >= 0 && column < w ? row * w + column : -1;
        }),
        [1, 1, oh, ow],
      );
      const hit = builder.node('Cast', [builder.node('Equal', [inPlane, tapPositions])], { to: 1 });
      const share = builder.node('Mul', [g, hit]);
      const apart = builder.node('Reshape', [share, builder.int64([n, c, oh, 1, ow, 1])]);
      const zeros = builder.node(
        'Pad',
        [apart, builder.int64([0, 0, 0, 0, 0, 0, 0, 0, 0, stride[0] - 1, 0, stride[1] - 1])],
        { mode: 'constant' },
      );
      const grid = builder.node('Reshape', [zeros, builder.int64([n, c, oh * stride[0], ow * stride[1]])]);
      const after = [wide[0] - oh * stride[0] - ky, wide[1] - ow * stride[1] - kx];
      const placed = builder.node('Pad', [grid, builder.int64([0, 0, ky, kx, 0, 0, ...after])], { mode: 'constant' });
      sum = sum === undefined ? placed : builder.node('Add', [sum, placed]);
    }
  }
  const crop = [-padding[0], -padding[1], h + padding[0] - wide[0], w + padding[1] - wide[1]];
  builder.node(
    'Pad',
    [sum!, builder.int64([0, 0, crop[0]!, crop[1]!, 0, 0, crop[2]!, crop[3]!])],
    { mode: 'constant' },
    outputs,
  );
}

export const poolingLowerings: Lowerings = [
  lower(maxPool2dOp, ({ builder, inputs, outputs, attributes }) => {
    builder.node('MaxPool', inputs, window(attributes), outputs);
  }),
  lower(maxPoolGradOp, lowerMaxPoolGrad),
];
