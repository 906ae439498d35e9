import { add, convolution, pad, relu, type Scope, slice, type Tensor } from '@nats/graph';
import { EXPANSION, type ResnetConfig, type StageName } from './config.js';
import { normalize } from './norm.js';
import type { ConvolutionBuilder, ConvolutionSite } from './site.js';

export interface BlockPlan {
  /** Name of the block relative to the backbone: `layer2.0`. */
  readonly name: string;
  readonly stage: StageName;
  readonly blockIndex: number;
  readonly channels: number;
  readonly stride: number;
  readonly dilation: number;
}

/** A residual block of torchvision (version 1.5 of the bottleneck unless `strideIn` says otherwise). */
export function residualBlock(
  scope: Scope,
  x: Tensor,
  plan: BlockPlan,
  config: ResnetConfig,
  convolve: ConvolutionBuilder,
): Tensor {
  const branch = config.block === 'basic' ? basicBranch : bottleneckBranch;
  return relu(add(branch(scope, x, plan, config, convolve), shortcut(scope, x, plan, config)));
}

function basicBranch(
  scope: Scope,
  x: Tensor,
  plan: BlockPlan,
  config: ResnetConfig,
  convolve: ConvolutionBuilder,
): Tensor {
  const { channels, stride } = plan;
  let h = searchable(scope, x, 'conv1', 'first', channels, stride, plan, config, convolve);
  h = relu(normalize(scope.child('bn1'), h, config.norm));
  h = searchable(scope, h, 'conv2', 'second', channels, 1, plan, config, convolve);
  return normalize(scope.child('bn2'), h, config.norm);
}

function bottleneckBranch(
  scope: Scope,
  x: Tensor,
  plan: BlockPlan,
  config: ResnetConfig,
  convolve: ConvolutionBuilder,
): Tensor {
  const width = Math.floor((plan.channels * config.widthPerGroup) / 64) * config.groups;
  const [early, late] = config.strideIn === '1x1' ? [plan.stride, 1] : [1, plan.stride];
  let h = convolution(scope.child('conv1'), x, { channels: width, kernel: 1, stride: early });
  h = relu(normalize(scope.child('bn1'), h, config.norm));
  h = searchable(scope, h, 'conv2', 'centre', width, late, plan, config, convolve);
  h = relu(normalize(scope.child('bn2'), h, config.norm));
  h = convolution(scope.child('conv3'), h, { channels: plan.channels * EXPANSION.bottleneck, kernel: 1 });
  return normalize(scope.child('bn3'), h, config.norm);
}

function searchable(
  scope: Scope,
  x: Tensor,
  name: string,
  position: ConvolutionSite['position'],
  channels: number,
  stride: number,
  plan: BlockPlan,
  { block, groups }: ResnetConfig,
  convolve: ConvolutionBuilder,
): Tensor {
  const { stage, blockIndex, dilation } = plan;
  const inputChannels = x.shape[1] as number;
  return convolve(
    scope.child(name),
    x,
    { channels, kernel: 3, stride, padding: dilation, dilation, groups },
    {
      name: `${plan.name}.${name}`,
      stage,
      block,
      blockIndex,
      position,
      inputChannels,
      channels,
      groups,
      stride,
      dilation,
    },
  );
}

function shortcut(scope: Scope, x: Tensor, plan: BlockPlan, config: ResnetConfig): Tensor {
  const { stride } = plan;
  const from = x.shape[1] as number;
  const channels = plan.channels * EXPANSION[config.block];
  if (stride === 1 && from === channels) return x;
  if (config.shortcut === 'projection') {
    const place = scope.child('downsample');
    const projected = convolution(place.child(0), x, { channels, kernel: 1, stride });
    return normalize(place.child(1), projected, config.norm);
  }
  return scope.build(() => {
    // Option A of He et al. 2016: every stride-th pixel, new channels are zero, half of them on each side.
    const [height, width] = x.shape.slice(2) as [number, number];
    const fewer = slice(x, { 2: [0, height, stride], 3: [0, width, stride] });
    const before = Math.floor((channels - from) / 2);
    return pad(fewer, [
      [0, 0],
      [before, channels - from - before],
      [0, 0],
      [0, 0],
    ]);
  });
}
