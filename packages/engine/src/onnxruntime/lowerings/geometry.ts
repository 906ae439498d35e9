import { type ConvolutionAttributes, convolutionOutputSize } from '@nats/graph';
import type { ConvolutionSize } from './choose.js';
import type { Geometry } from './columns.js';

function geometryOf(x: readonly number[], w: readonly number[], attributes: ConvolutionAttributes): Geometry {
  const { stride, padding, dilation } = attributes;
  const [h, width] = x.slice(2) as [number, number];
  const kernel = w.slice(2) as [number, number];
  return {
    stride,
    padding,
    dilation,
    kernel,
    input: [h, width],
    output: [
      convolutionOutputSize(h, kernel[0], stride[0], padding[0] + padding[2], dilation[0]),
      convolutionOutputSize(width, kernel[1], stride[1], padding[1] + padding[3], dilation[1]),
    ],
  };
}

export function sizeOfConvolution(x: readonly number[], w: readonly number[], attributes: ConvolutionAttributes) {
  const geometry = geometryOf(x, w, attributes);
  const size: ConvolutionSize = { batch: x[0]!, inputs: x[1]!, outputs: w[0]!, groups: attributes.groups, geometry };
  return { geometry, size };
}
