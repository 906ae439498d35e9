import { type ConvolutionLayerOptions, convolution, type Scope, type Tensor } from '@nats/graph';
import type { StageName } from './stage-name.js';

/**
 * `basic`: two 3x3 convolutions; `bottleneck`: 1x1, 3x3, 1x1 (ResNets and RegNets); `inverted-residual`: 1x1, depthwise
 * 3x3, 1x1 (MobileNetV2); `custom`: of a backbone of one's own.
 */
export const BLOCK_NAMES = ['basic', 'bottleneck', 'inverted-residual', 'custom'] as const;
/** Kinds of blocks that searchable convolutions lie in. */
export type BlockName = (typeof BLOCK_NAMES)[number];

/** Which 3x3 convolution of its block: the two of a basic block, or the one in the center of the others. */
export const POSITIONS = ['first', 'second', 'center'] as const;
/** Place of a 3x3 convolution in its block. */
export type ConvolutionPosition = (typeof POSITIONS)[number];

/** A 3x3 convolution of a backbone's block: where dilation can be chosen. */
export interface ConvolutionSite {
  /** Stable, relative to the backbone, as in torchvision: `layer2.0.conv2`. */
  readonly name: string;
  readonly stage: StageName;
  readonly block: BlockName;
  /** 0 for the first block of the stage. */
  readonly blockIndex: number;
  readonly position: ConvolutionPosition;
  readonly inputChannels: number;
  /** Output channels. */
  readonly channels: number;
  readonly groups: number;
  readonly stride: number;
  /** Its own dilation in the plain network: 1 unless an output stride is kept by dilation. */
  readonly dilation: number;
}

/**
 * Builds a searchable 3x3 convolution and nothing else (no norm, no activation): plainly, by a scheme, or as a supernet.
 * It declares its weight as `weight` in `scope` and returns `[N, channels, H', W']`, of the size that the plain one has.
 */
export type ConvolutionBuilder = (
  scope: Scope,
  x: Tensor,
  options: ConvolutionLayerOptions,
  site: ConvolutionSite,
) => Tensor;

/** The builder that dilates nothing: a searchable convolution as it was pretrained. */
export const plainConvolution: ConvolutionBuilder = (scope, x, options) => convolution(scope, x, options);

/** What a stage is built with. */
export interface StageContext {
  readonly stage: StageName;
  /** Scope path of the backbone, which sites are named relative to. */
  readonly root: string;
  readonly convolve: ConvolutionBuilder;
}

/** What the convolutions of one block have in common. */
export interface BlockContext extends StageContext {
  readonly block: BlockName;
  /** 0 for the first block of the stage. */
  readonly blockIndex: number;
}

/** What is known of a searchable convolution where it is built. */
export interface SearchableOptions {
  readonly channels: number;
  /** Default `center`. */
  readonly position?: ConvolutionPosition;
  /** Default 1. */
  readonly stride?: number;
  /** In the plain network; default 1. The padding is as large, so that the size is kept. */
  readonly dilation?: number;
  /** Default 1. */
  readonly groups?: number;
}

/**
 * A 3x3 convolution without bias whose dilation can be searched, built by the block's `ConvolutionBuilder`.
 * @param scope the convolution's own scope, which its name comes from; its weight is `weight` in it
 * @param x `[N, C, H, W]`
 * @returns `[N, channels, H / stride, W / stride]`, sizes rounded up
 */
export function searchable(scope: Scope, x: Tensor, options: SearchableOptions, context: BlockContext): Tensor {
  const { channels, position = 'center', stride = 1, dilation = 1, groups = 1 } = options;
  const { root, stage, block, blockIndex, convolve } = context;
  const name = root === '' ? scope.path : scope.path.slice(root.length + 1);
  const inputChannels = x.shape[1] as number;
  return convolve(
    scope,
    x,
    { channels, kernel: 3, stride, padding: dilation, dilation, groups },
    { name, stage, block, blockIndex, position, inputChannels, channels, groups, stride, dilation },
  );
}
