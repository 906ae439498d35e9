import { add, convolution, pad, relu, type Scope, slice, type Tensor } from '@nats/graph';
import { normalize } from './norm.js';
import { EXPANSION, type ResnetConfig } from './resnet-config.js';
import { type BlockContext, searchable } from './site.js';

export interface BlockPlan {
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
  context: BlockContext,
): Tensor {
  const branch = config.block === 'basic' ? basicBranch : bottleneckBranch;
  return relu(add(branch(scope, x, plan, config, context), shortcut(scope, x, plan, config)));
}

function basicBranch(scope: Scope, x: Tensor, plan: BlockPlan, config: ResnetConfig, context: BlockContext): Tensor {
  const { channels, stride, dilation } = plan;
  const { groups, norm } = config;
  const options = { channels, dilation, groups };
  let h = searchable(scope.child('conv1'), x, { ...options, position: 'first', stride }, context);
  h = relu(normalize(scope.child('bn1'), h, norm));
  h = searchable(scope.child('conv2'), h, { ...options, position: 'second' }, context);
  return normalize(scope.child('bn2'), h, norm);
}

function bottleneckBranch(
  scope: Scope,
  x: Tensor,
  plan: BlockPlan,
  config: ResnetConfig,
  context: BlockContext,
): Tensor {
  const { groups, widthPerGroup, norm } = config;
  const width = Math.floor((plan.channels * widthPerGroup) / 64) * groups;
  const [early, late] = config.strideIn === '1x1' ? [plan.stride, 1] : [1, plan.stride];
  let h = convolution(scope.child('conv1'), x, { channels: width, kernel: 1, stride: early });
  h = relu(normalize(scope.child('bn1'), h, norm));
  h = searchable(scope.child('conv2'), h, { channels: width, stride: late, dilation: plan.dilation, groups }, context);
  h = relu(normalize(scope.child('bn2'), h, norm));
  h = convolution(scope.child('conv3'), h, { channels: plan.channels * EXPANSION.bottleneck, kernel: 1 });
  return normalize(scope.child('bn3'), h, norm);
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
