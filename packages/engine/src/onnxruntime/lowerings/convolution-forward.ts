import { type LoweringContext, type OnnxBuilder, portableLowerings } from '@nats/export';
import type { ConvolutionAttributes, Shape } from '@nats/graph';
import { forwardWay } from './choose.js';
import { columns } from './columns.js';
import { sizeOfConvolution } from './geometry.js';
import { productOfPatches } from './products.js';

const known = (shape: Shape): shape is readonly number[] => shape.every((dimension) => typeof dimension === 'number');

/** Conv, or for small maps one product over gathered columns. */
export function lowerForward(context: LoweringContext<ConvolutionAttributes>): void {
  const { builder, inputs, outputs, shapes, attributes } = context;
  const [x, w] = shapes as [Shape, readonly number[]];
  if (!known(x)) {
    portableLowerings.conv2d!.lower(context);
    return;
  }
  const { geometry, size } = sizeOfConvolution(x, w, attributes);
  if (forwardWay(size) === 'conv') {
    portableLowerings.conv2d!.lower(context);
    return;
  }
  const [o, c, kh, kw] = w as [number, number, number, number];
  const taps = tapsFirst(builder, inputs[1]!, [o, c, kh * kw]);
  const patches = columns(builder, inputs[0]!, x, 1, geometry, 'forward');
  productOfPatches(builder, taps, patches, [x[0]!, o, ...geometry.output], c * kh * kw, outputs);
}

/** OIHW to `[O, kh kw I]`. */
function tapsFirst(builder: OnnxBuilder, w: string, [o, c, taps]: readonly [number, number, number]): string {
  const flat = builder.node('Reshape', [w, builder.int64([o, c, taps])]);
  const turned = taps === 1 ? flat : builder.node('Transpose', [flat], { perm: [0, 2, 1] });
  return builder.node('Reshape', [turned, builder.int64([o, taps * c])]);
}
