import { check, createScope, type Feeds, input, type Scope, type Tensor } from '@nats/graph';
import { type AnchorLevel, type Anchors, generateAnchors } from '../boxes/anchors.js';
import { type RpnLosses, rpnHead, rpnLoss } from '../heads/rpn-head.js';
import type { HeadNorm } from '../heads/tower.js';
import type { Targets } from '../matching/targets.js';
import type { SamplerConfig } from '../proposals/balanced-sampler.js';
import { fpnBoundaries, type RoiPoolConfig, roiPool } from '../proposals/roi-pool.js';
import { type SampledBoxes, sampleProposals } from '../proposals/sample-proposals.js';
import { samplingKeys } from '../proposals/sampling-keys.js';
import {
  type ProposalConfig,
  type Proposals,
  type RpnOutputs,
  selectProposals,
} from '../proposals/select-proposals.js';
import type { DetectorBase, DetectorOptions } from './detector.js';
import { gridsOf, levelStrides, pyramidFeatures } from './pyramid-features.js';
import { type PyramidOptions, pyramidLevels } from './pyramid-levels.js';

/** What Faster, Cascade and Mask R-CNN have in common: a region proposal network, and boxes pooled from a pyramid. */
export interface TwoStageBase extends DetectorBase {
  /** One for each level of the pyramid, finest first; the same number of anchors in each. */
  readonly anchors: readonly AnchorLevel[];
  /** 3x3 convolutions of the region proposal network. */
  readonly rpnDepth: number;
  readonly rpnNorm: HeadNorm;
  /** Anchors that the region proposal network is trained on. */
  readonly rpnSampler: SamplerConfig;
  /** Proposals that the box head is trained on are drawn from these … */
  readonly trainingProposals: ProposalConfig;
  /** … and these it looks at afterwards. */
  readonly proposals: ProposalConfig;
  readonly boxSampler: SamplerConfig;
  readonly boxPool: RoiPoolConfig;
  /** Units of the two hidden layers of the box head. */
  readonly representationSize: number;
  /** Pairs of box and class that go on to non-maximum suppression. */
  readonly maxCandidates: number;
}

/** Options of a detector with two stages: backbone, input size and classes; the rest has torchvision's defaults. */
export type TwoStageOptions<C extends TwoStageBase> = Partial<Omit<C, 'kind'>> &
  Pick<C, 'backbone' | 'inputSize' | 'classes'>;

/** torchvision's settings that do not depend on the backbone. */
export const TWO_STAGE_DEFAULTS = {
  rpnDepth: 1,
  rpnNorm: { kind: 'none' },
  rpnSampler: { size: 256, foregroundShare: 0.5 },
  trainingProposals: { candidatesPerLevel: 2000, iouThreshold: 0.7, maxProposals: 2000 },
  proposals: { candidatesPerLevel: 1000, iouThreshold: 0.7, maxProposals: 1000 },
  boxSampler: { size: 512, foregroundShare: 0.25 },
  representationSize: 1024,
  maxCandidates: 2000,
} as const satisfies Partial<TwoStageBase>;

/**
 * torchvision's settings on a backbone: P2 to P6 of a ResNet, one anchor size of 8 strides a level, boxes pooled by size (Lin et
 * al. 2017, equation 1).
 * @throws NatsError `name` for a stage that the backbone does not have
 */
export function twoStageDefaults(options: PyramidOptions) {
  const { stages, pyramid, strides, stageStrides } = pyramidLevels(options, 4, 'pool');
  return {
    stages,
    pyramid,
    anchors: strides.map((stride) => ({ sizes: [8 * stride], aspectRatios: [0.5, 1, 2] })),
    ...TWO_STAGE_DEFAULTS,
    boxPool: { size: 7, samplingRatio: 2, boundaries: fpnBoundaries(stageStrides) },
  };
}

/** The first stage: where objects may be. */
export interface FirstStage {
  /** The pyramid, finest first. */
  readonly levels: readonly Tensor[];
  readonly anchors: Anchors;
  readonly rpn: RpnOutputs;
}

/** Backbone, pyramid and region proposal network (`rpn.head.…`). */
export function firstStage(scope: Scope, images: Tensor, config: TwoStageBase, options: DetectorOptions): FirstStage {
  const levels = pyramidFeatures(scope, images, config, options);
  const anchors = generateAnchors(config.inputSize, gridsOf(levels), config.anchors);
  const head = { anchorsPerLocation: anchorsPerLocation(config), depth: config.rpnDepth, norm: config.rpnNorm };
  return { levels, anchors, rpn: rpnHead(scope.child('rpn').child('head'), levels, head) };
}

function anchorsPerLocation({ anchors }: TwoStageBase): number {
  const [count, ...others] = anchors.map(({ sizes, aspectRatios }) => sizes.length * aspectRatios.length);
  check(count !== undefined && others.every((other) => other === count), 'attribute', () => ({
    rule: 'every level has as many anchors at a location as the others: they share one head',
    received: [count, ...others].join(', '),
    where: 'anchors',
  }));
  return count;
}

/** Pools boxes `[N, K, 4]` from the levels that stand on stages; the extra ones are for proposals only (torchvision). */
export function poolBoxes(first: FirstStage, boxes: Tensor, pool: RoiPoolConfig, config: TwoStageBase): Tensor {
  const levels = first.levels.slice(0, config.stages.length);
  return roiPool(levels, levelStrides(config, levels), boxes, pool);
}

/** The proposals of a first stage: decoded, clipped, suppressed by level, and the best of all. */
export function proposalsOf({ rpn, anchors }: FirstStage, settings: ProposalConfig, config: TwoStageBase): Proposals {
  return selectProposals(rpn, anchors, settings, config.inputSize);
}

/** Inputs of a loss that random numbers are fed to. */
const RPN_KEYS = 'rpn.keys';
const BOX_KEYS = 'roi_heads.keys';

/** The first stage in training. */
export interface TrainedFirstStage extends FirstStage {
  readonly losses: RpnLosses;
  readonly sampled: SampledBoxes;
}

/**
 * The first stage in training: its losses, and boxes for the second. Declares the inputs `rpn.keys` float32 `[B, A]` and
 * `roi_heads.keys` float32 `[B, K + M]`, which `samplingFeeds` gives values.
 * @param iou from this overlap on a proposal is foreground
 */
export function trainedFirstStage(
  scope: Scope,
  images: Tensor,
  targets: Targets,
  config: TwoStageBase,
  options: DetectorOptions,
  iou: number,
): TrainedFirstStage {
  const first = firstStage(scope, images, config, options);
  const [batch, places] = targets.labels.shape as [number, number];
  const proposals = proposalsOf(first, config.trainingProposals, config);
  const anchors = first.anchors.boxes.shape[0]!;
  const rpnKeys = input(RPN_KEYS, 'float32', [batch, anchors]);
  const boxKeys = input(BOX_KEYS, 'float32', [batch, (proposals.valid.shape[1] as number) + places]);
  return {
    ...first,
    losses: rpnLoss(first.rpn, first.anchors, targets, rpnKeys, config.rpnSampler, options.averageFactor),
    sampled: sampleProposals(proposals, targets, boxKeys, iou, config.boxSampler),
  };
}

/** Values for the inputs that `trainedFirstStage` declares: a pure function of the seed. */
export function samplingFeeds(config: TwoStageBase): (batch: number, maxObjects: number, seed: number) => Feeds {
  let sizes: { anchors: number; proposals: number } | undefined;
  return (batch, maxObjects, seed) => {
    sizes ??= sizesOf(config);
    return {
      [RPN_KEYS]: samplingKeys(batch, sizes.anchors, seed),
      [BOX_KEYS]: samplingKeys(batch, sizes.proposals + maxObjects, seed + 1),
    };
  };
}

/** From shapes alone: nothing is computed. */
function sizesOf(config: TwoStageBase): { anchors: number; proposals: number } {
  const images = input('images', 'float32', [1, config.backbone.inputChannels, ...config.inputSize]);
  const first = firstStage(createScope(), images, config, {});
  const { valid } = proposalsOf(first, config.trainingProposals, config);
  return { anchors: first.anchors.boxes.shape[0]!, proposals: valid.shape[1] as number };
}
