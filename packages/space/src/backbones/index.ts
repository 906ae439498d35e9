export {
  type Backbone,
  type BackboneOptions,
  buildBackbone,
  buildClassifier,
  buildStage,
  type ClassifierOptions,
  type StageOptions,
  type StageOutput,
  stageOutput,
} from './build.js';
export { type CustomBackbone, type CustomBackboneOptions, customBackbone } from './custom.js';
export { FREEZE_POINTS, type FreezePoint, type Freezing, isFrozen, trainingNormalization } from './freezing.js';
export type { StagePlan } from './kind.js';
export {
  type InvertedResiduals,
  type MobilenetV2Config,
  type MobilenetV2Options,
  mobilenetV2Config,
} from './mobilenet-v2.js';
export { BACKBONE_NAMES, type BackboneName, backboneConfig, isBackboneName } from './models.js';
export type { NormConfig } from './norm.js';
export { CIFAR10_STATISTICS, IMAGENET_STATISTICS, type PixelStatistics } from './pixel-statistics.js';
export type { BackboneConfig } from './registry.js';
export {
  type RegnetConfig,
  type RegnetName,
  type RegnetOptions,
  type RegnetParameters,
  type RegnetStage,
  regnetConfig,
  regnetStages,
} from './regnet.js';
export { type ResnetConfig, type StageConfig, type StemConfig, withOutputStride } from './resnet-config.js';
export {
  demoResnet,
  isResnetName,
  type ResnetName,
  type ResnetOptions,
  resnetConfig,
  type SmallResnetOptions,
  smallResnet,
} from './resnet-models.js';
export {
  type BlockContext,
  type BlockName,
  type ConvolutionBuilder,
  type ConvolutionPosition,
  type ConvolutionSite,
  POSITIONS,
  plainConvolution,
  type SearchableOptions,
  type StageContext,
  searchable,
} from './site.js';
export { type BackbonePart, STAGE_NAMES, type StageName } from './stage-name.js';
export { convolutionSites, inputStatistics, isNorm, stageOf, stageStrides, withLastStage } from './structure.js';
