import { check } from '@nats/graph';
import { type BackboneBase, checkSizes, checkStageCount } from './kind.js';
import type { NormConfig } from './norm.js';

/** The layers before a ResNet's first stage. */
export interface StemConfig {
  readonly channels: number;
  /** Odd; padded so that it stays centered. */
  readonly kernel: number;
  readonly stride: number;
  /** A 3x3 max-pool of stride 2 after it, as in ImageNet's ResNets. */
  readonly pool: boolean;
}

/** One stage of a ResNet. */
export interface StageConfig {
  readonly blocks: number;
  /** Channels of the 3x3 convolutions before `widthPerGroup` and `groups`; a bottleneck's output has four times as many. */
  readonly channels: number;
  /** Stride of the first block. */
  readonly stride: number;
  /** Dilation of the 3x3 convolutions; default 1. See `withOutputStride`. */
  readonly dilation?: number;
  /** Dilation in the first block, where a stride was given up; default `dilation`. */
  readonly firstDilation?: number;
}

/** A residual network (He et al. 2016; ResNeXt: Xie et al. 2017), as plain data: it can be stored and compared. */
export interface ResnetConfig extends BackboneBase {
  readonly kind: 'resnet';
  readonly stem: StemConfig;
  /** `basic`: two 3x3 convolutions. `bottleneck`: 1x1, 3x3 (the center), 1x1. */
  readonly block: 'basic' | 'bottleneck';
  /** One to four; their outputs are C2 to C5. */
  readonly stages: readonly StageConfig[];
  /** Groups of the 3x3 convolutions. */
  readonly groups: number;
  /** Width of a bottleneck's center in one group, where 64 is plain: center = channels * widthPerGroup / 64 * groups. */
  readonly widthPerGroup: number;
  /** Where a shape changes: `projection`, a 1x1 convolution (option B), or `padding`, the padded identity (option A). */
  readonly shortcut: 'projection' | 'padding';
  /** Which convolution of a bottleneck has the stride: torchvision's `3x3`, or `1x1` as in the original and in Caffe's weights. */
  readonly strideIn: '3x3' | '1x1';
  readonly norm: NormConfig;
}

export const EXPANSION = { basic: 1, bottleneck: 4 } as const;

/** @throws NatsError `attribute` naming the field that breaks a rule */
export function checkResnetConfig(config: ResnetConfig): void {
  const { name, inputChannels, stem, stages, groups, widthPerGroup } = config;
  checkStageCount(config);
  check(stem.kernel % 2 === 1, 'attribute', () => ({
    rule: "a stem's kernel is odd",
    received: `${stem.kernel}`,
    where: name,
  }));
  checkSizes(config, { inputChannels, stem, stages, groups, widthPerGroup });
}

/**
 * Gives up strides for dilation in the last stages, so that the last feature map has this stride instead of 32
 * (torchvision's `replace_stride_with_dilation`; DeepLab). The first block of such a stage keeps the dilation before it.
 * @param outputStride a product of the leading strides of the network: 8, 16 or 32 for ImageNet's
 */
export function withOutputStride(config: ResnetConfig, outputStride: number): ResnetConfig {
  let stride = config.stem.stride * (config.stem.pool ? 2 : 1);
  let dilation = 1;
  const reached = [stride];
  const stages = config.stages.map((stage) => {
    const firstDilation = dilation;
    if (stride * stage.stride <= outputStride) {
      stride *= stage.stride;
      reached.push(stride);
      return dilation === 1 ? stage : { ...stage, dilation, firstDilation };
    }
    dilation *= stage.stride;
    return { ...stage, stride: 1, dilation, firstDilation };
  });
  check(stride === outputStride, 'attribute', () => ({
    rule: 'an output stride is reached by a leading part of the strides',
    received: `${outputStride}`,
    limit: `one of ${[...new Set(reached)].join(', ')} or larger ones of the whole network`,
    where: config.name,
  }));
  return { ...config, stages };
}
