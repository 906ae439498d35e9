import { type ConvolutionLayerOptions, convolution, type Scope, type Tensor } from '@nats/graph';
import type { StageName } from './config.js';

/** A 3x3 convolution of a residual block: where dilation can be chosen. */
export interface ConvolutionSite {
  /** Stable, relative to the backbone, as in torchvision: `layer2.0.conv2`. */
  readonly name: string;
  readonly stage: StageName;
  readonly block: 'basic' | 'bottleneck';
  /** 0 for the first block of the stage. */
  readonly blockIndex: number;
  /** Which 3x3 convolution of its block: the two of a basic block, or the centre of a bottleneck. */
  readonly position: 'first' | 'second' | 'centre';
  readonly inputChannels: number;
  /** Output channels. */
  readonly channels: number;
  readonly groups: number;
  readonly stride: number;
  /** Its own dilation in the plain network: 1 unless an output stride is kept by dilation. */
  readonly dilation: number;
}

/**
 * Builds a 3x3 convolution of a residual block and nothing else (no norm, no activation): plainly, by a scheme, or as a
 * supernet. It declares its weight as `weight` in `scope` and returns `[N, channels, H', W']`, of the size that the plain
 * one has.
 */
export type ConvolutionBuilder = (
  scope: Scope,
  x: Tensor,
  options: ConvolutionLayerOptions,
  site: ConvolutionSite,
) => Tensor;

export const plainConvolution: ConvolutionBuilder = (scope, x, options) => convolution(scope, x, options);
