import { add, type Feeds, type Scope, type Tensor } from '@nats/graph';
import {
  type BackboneConfig,
  type ConvolutionBuilder,
  inputStatistics,
  type PixelStatistics,
  type StageName,
} from '@nats/space';
import type { AverageFactor } from '@nats/train/core';
import type { Targets } from '../matching/targets.js';
import type { FeaturePyramidConfig } from '../necks/feature-pyramid.js';
import type { Candidates } from '../postprocess/candidates.js';

/** What all detectors have in common: a backbone, a pyramid on some of its stages, images of one size. */
export interface DetectorBase {
  readonly backbone: BackboneConfig;
  /** `[height, width]` of the network's input in pixels: loaders letterbox images to it. */
  readonly inputSize: readonly [number, number];
  readonly classes: number;
  /** Stages that the pyramid stands on, finest first. */
  readonly stages: readonly StageName[];
  readonly pyramid: FeaturePyramidConfig;
}

/** What a detector's programs may be built with. */
export interface DetectorOptions {
  /** How searchable convolutions of the backbone are built: plainly, by a scheme, as a supernet. */
  readonly convolution?: ConvolutionBuilder;
  /** What losses divide sums by; default: the batch's own counts, at least 1. */
  readonly averageFactor?: AverageFactor;
}

/** The loss of a detector on a batch. */
export interface DetectionLoss {
  /** Sum of the parts. */
  readonly loss: Tensor;
  /** The parts, each a scalar. */
  readonly parts: Readonly<Record<string, Tensor>>;
}

/** A detector: a loss program and an inference program over the same parameters. */
export interface Detector {
  readonly name: string;
  readonly inputSize: readonly [number, number];
  readonly inputChannels: number;
  /** How its input is normalized: as the backbone was pretrained. Objectives, evaluations and exported files go by it. */
  readonly inputStatistics: PixelStatistics;
  readonly classes: number;
  /**
   * Whether it gives masks: then the loss declares one more input, `masks` bool `[B, M, H, W]`, every object's pixels in the
   * network's input (`maskFeeds`), and the candidates have masks (`MaskCandidates`).
   */
  readonly masks?: boolean;
  /**
   * @param images float32 `[B, C, H, W]`, normalized
   */
  loss(scope: Scope, images: Tensor, targets: Targets, options?: DetectorOptions): DetectionLoss;
  /**
   * Random numbers that the loss draws by, for inputs that it declares beside images and targets; absent where nothing is
   * drawn. A pure function: the same seed draws the same.
   * @param maxObjects places for objects in the targets
   */
  feeds?(batch: number, maxObjects: number, seed: number): Feeds;
  /** The best boxes of each image before non-maximum suppression; the batch of `images` may be 'N'. */
  candidates(scope: Scope, images: Tensor, options?: DetectorOptions): Candidates;
}

/** What a detector says of itself. */
export function identityOf(
  config: DetectorBase & { readonly kind: string },
): Pick<Detector, 'name' | 'inputSize' | 'inputChannels' | 'inputStatistics' | 'classes'> {
  const { kind, inputSize, backbone, classes } = config;
  const { inputChannels } = backbone;
  return { name: kind, inputSize, inputChannels, inputStatistics: inputStatistics(backbone), classes };
}

/** The sum of the parts of a loss. */
export function totalLoss(parts: Readonly<Record<string, Tensor>>): DetectionLoss {
  return { loss: Object.values(parts).reduce(add), parts };
}
