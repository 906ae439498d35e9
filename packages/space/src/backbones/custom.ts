import type { Scope, Tensor } from '@nats/graph';
import { type BackboneBase, type BackboneKind, checkStageCount, pooledLinear, type StagePlan } from './kind.js';
import { IMAGENET_STATISTICS, type PixelStatistics } from './pixel-statistics.js';

/**
 * A backbone of one's own, by functions. It can be searched, transformed, used in every detector and exported like the
 * others; what it can't is be stored: whoever reads a file brings the functions.
 */
export interface CustomBackbone extends BackboneBase {
  readonly kind: 'custom';
  readonly stages: readonly StagePlan[];
  readonly stem: (scope: Scope, x: Tensor) => Tensor;
  readonly classifier: (scope: Scope, features: Tensor, classes: number) => Tensor;
}

/** Options of `customBackbone`: a network of one's own. */
export interface CustomBackboneOptions {
  readonly name: string;
  /** Default 3. */
  readonly inputChannels?: number;
  /** The layers before the first stage. */
  readonly stem: (scope: Scope, x: Tensor) => Tensor;
  /** One to four, finest first: C2, C3, … */
  readonly stages: readonly StagePlan[];
  /** Logits `[N, classes]` from the last stage's output; default: global average pooling and one linear layer, `fc`. */
  readonly classifier?: (scope: Scope, features: Tensor, classes: number) => Tensor;
  /** Default: ImageNet's for three channels, 0.45 and 0.225 for others. */
  readonly inputStatistics?: PixelStatistics;
}

/**
 * Makes a backbone out of functions. Every 3x3 convolution that is to be searchable is built by `searchable`, with the
 * context that the stage is given:
 *
 * ```ts
 * const stage = (index: number, channels: number, stride: number): StagePlan => ({
 *   stride: 2 * 2 ** index,
 *   build: (scope, x, context) => {
 *     const place = scope.child(`stage${index}`);
 *     const block = { ...context, block: 'custom', blockIndex: 0 } as const;
 *     return relu(batchNorm(place.child('bn'), searchable(place.child('conv'), x, { channels, stride }, block)));
 *   },
 * });
 * ```
 * @throws NatsError `attribute` for no stages or more than four
 */
export function customBackbone(options: CustomBackboneOptions): CustomBackbone {
  const { inputChannels = 3, classifier = pooledLinear, ...rest } = options;
  const config: CustomBackbone = { kind: 'custom', inputChannels, classifier, ...rest };
  checkStageCount(config);
  return config;
}

export const customKind: BackboneKind<CustomBackbone> = {
  check: checkStageCount,
  stem: (scope, x, config) => config.stem(scope, x),
  stages: (config) => config.stages,
  classifier: (scope, features, classes, config) => config.classifier(scope, features, classes),
  inputStatistics: IMAGENET_STATISTICS,
};
