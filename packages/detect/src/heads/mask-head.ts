import {
  add,
  cast,
  constant,
  conv2d,
  convGradInput,
  convolution,
  type Dimension,
  divide,
  multiply,
  oneHot,
  reduceSum,
  relu,
  reshape,
  roiAlign,
  type Scope,
  stopGradient,
  type Tensor,
  tensorData,
  transpose,
  zeros,
} from '@nats/graph';
import { type AverageFactor, ownCount } from '@nats/train/core';
import { binaryCrossEntropy } from '../losses/focal-loss.js';
import type { SampledBoxes } from '../proposals/sample-proposals.js';
import { boxMaps } from './box-maps.js';

export interface MaskHeadConfig {
  readonly classes: number;
  /** Of every layer; 256 in the paper. */
  readonly channels: number;
  /** 3x3 convolutions; 4 in the paper. */
  readonly depth: number;
}

/**
 * A small fully convolutional network on pooled features (He et al. 2017), named as torchvision's: `mask_head.I.0`,
 * `mask_predictor.conv5_mask` (a transposed convolution that doubles the side), `mask_predictor.mask_fcn_logits`.
 * @param head scope of the convolutions
 * @param predictor scope of the last two layers
 * @param pooled `[N, K, C, s, s]`, N a number or 'N'
 * @returns logits `[N, K, classes + 1, 2s, 2s]`, the background first and of no use
 */
export function maskHead(head: Scope, predictor: Scope, pooled: Tensor, config: MaskHeadConfig): Tensor {
  const { batch, separated, maps } = boxMaps(pooled);
  const { channels, depth, classes } = config;
  let x = batch;
  for (let i = 0; i < depth; i++) {
    const place = head.child(i).child(0);
    x = separated(relu(convolution(place, x, { channels, padding: 1, bias: true, biasInitializer: zeros })));
  }
  x = relu(doubled(predictor.child('conv5_mask'), x, channels));
  const logits = convolution(predictor.child('mask_fcn_logits'), x, {
    channels: classes + 1,
    kernel: 1,
    bias: true,
    biasInitializer: zeros,
  });
  return maps(logits);
}

/**
 * PyTorch's `ConvTranspose2d(kernel 2, stride 2)`, with its weight `[in, out, 2, 2]`: the gradient of a convolution. Of a
 * batch 'N', whose shape that can not have: four values for each pixel, put into their places.
 */
function doubled(scope: Scope, x: Tensor, channels: number): Tensor {
  const [n, inputs, height, width] = x.shape as [Dimension, number, number, number];
  const initializer = { kind: 'normal', deviation: Math.sqrt(2 / (inputs * 4)) } as const;
  const weight = scope.parameter('weight', [inputs, channels, 2, 2], initializer);
  const bias = scope.parameter('bias', [channels], zeros);
  const shape = [channels, 2 * height, 2 * width] as const;
  const spread =
    n === 'N' ? reshape(quarters(x, weight), [n, ...shape]) : convGradInput(x, weight, [n, ...shape], { stride: 2 });
  return add(spread, reshape(bias, [1, channels, 1, 1]));
}

/** `[N, out, H, 2, W, 2]` */
function quarters(x: Tensor, weight: Tensor): Tensor {
  const [n, inputs, height, width] = x.shape as [Dimension, number, number, number];
  const channels = weight.shape[1] as number;
  const kernel = reshape(transpose(weight, [1, 2, 3, 0]), [channels * 4, inputs, 1, 1]);
  const values = reshape(conv2d(x, kernel), [n, channels, 2, 2, height, width]);
  return transpose(values, [0, 1, 4, 2, 5, 3]);
}

/** Of logits `[B, K, classes + 1, s, s]` those of each box's class: labels int32 `[B, K]`, to `[B, K, s, s]`. */
export function maskOfClass(logits: Tensor, labels: Tensor): Tensor {
  const [b, k, classes] = logits.shape as [Dimension, number, number];
  const own = reshape(oneHot(add(labels, 1), classes), [b, k, classes, 1, 1]);
  return reduceSum(multiply(logits, own), { axes: [2] });
}

/**
 * What masks look like inside boxes, `[B, K, side, side]` from 0 to 1 (torchvision's project_masks_on_boxes).
 * @param masks bool or float32 `[B, M, H, W]`, of all objects, in pixels of the network's input
 * @param boxes `[B, K, 4]`
 * @param matched int32 `[B, K]`: the object of each box
 */
export function projectMasks(masks: Tensor, boxes: Tensor, matched: Tensor, side: number): Tensor {
  const [b, m, height, width] = masks.shape as [number, number, number, number];
  const k = boxes.shape[1] as number;
  const firstOfImage = constant(
    tensorData(
      'int32',
      [b, 1],
      Array.from({ length: b }, (_, image) => image * m),
    ),
  );
  const projected = roiAlign(
    reshape(cast(masks, 'float32'), [b * m, 1, height, width]),
    reshape(boxes, [b * k, 4]),
    { outputSize: side, spatialScale: 1, samplingRatio: 0 },
    reshape(add(matched, firstOfImage), [b * k]),
  );
  return stopGradient(reshape(projected, [b, k, side, side]));
}

/**
 * Mean cross-entropy over the pixels of all foreground boxes, each with the mask of its class alone (torchvision's
 * maskrcnn_loss); 0 without foreground.
 * @param logits `[B, K, classes + 1, s, s]`
 * @param masks bool `[B, M, H, W]`
 */
export function maskLoss(
  logits: Tensor,
  masks: Tensor,
  sampled: SampledBoxes,
  averageFactor: AverageFactor = ownCount,
): Tensor {
  const [b, k, , side] = logits.shape as [number, number, number, number];
  const expected = projectMasks(masks, sampled.boxes, sampled.matched, side);
  const losses = binaryCrossEntropy(maskOfClass(logits, sampled.labels), expected);
  const foreground = reshape(cast(sampled.foreground, 'float32'), [b, k, 1, 1]);
  const count = averageFactor('mask', reduceSum(foreground));
  return divide(reduceSum(multiply(losses, foreground)), multiply(count, side * side));
}
