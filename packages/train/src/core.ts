/** Everything that needs no file: this entry bundles for browsers. */
export { type AverageFactor, ownCount } from './average-factor.js';
export type { BestResult, Checkpoint, CheckpointInfo, CheckpointStore } from './checkpoint/checkpoint.js';
export { CheckpointError, type CheckpointProblem, CheckpointWriteError } from './checkpoint/errors.js';
export { type ClassificationOptions, classification } from './classification/classification.js';
export type { ClassifierNetwork } from './classification/classifier-program.js';
export { type Collective, exchange } from './collective.js';
export type { Augmentation } from './data/augmentation.js';
export { divide, type ImageArrays, type ImageDataset, type ImageSize, imageDataset } from './data/image-dataset.js';
export { createNormalizer, type Normalizer } from './data/normalize.js';
export { exampleAt, shuffled } from './data/shuffle.js';
export { type Json, jsonDifferences, toJson } from './json.js';
export type {
  CheckpointEvent,
  EndEvent,
  EvaluationEvent,
  FailureEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  WarningEvent,
} from './loop/events.js';
export { NotFiniteError } from './loop/not-finite.js';
export type { CheckpointOptions, EvaluationOptions, TrainingOptions } from './loop/options.js';
export type { CompiledUpdate, Phase, UpdateMaker } from './loop/phase.js';
export { createTraining, type Training } from './loop/training.js';
export type { EvaluationContext, LossOptions, LossTensors, Objective, Rank, Split } from './objective.js';
export { type AdamOptions, adam, adamw } from './optimizers/adam.js';
export type { Optimizer, TrainedParameter } from './optimizers/optimizer.js';
export { frozen, NO_DECAY_ON_NORMS_AND_BIASES, type ParameterRule } from './optimizers/rules.js';
export { type SgdOptions, sgd } from './optimizers/sgd.js';
export { type AccumulationPrograms, accumulationSteps } from './programs/accumulation.js';
export type { UpdateOptions } from './programs/apply-gradients.js';
export { type AverageOptions, averageDecay } from './programs/average.js';
export type { GradientOptions } from './programs/loss-scope.js';
export { type RecalibrateOptions, recalibrate } from './programs/recalibrate.js';
export { gradientStep, type StepOptions, type StepProgram, trainingStep } from './programs/training-step.js';
export {
  type CosineDecayOptions,
  constantRate,
  cosineDecay,
  type Schedule,
  type StepDecayOptions,
  stepDecay,
  type WarmUpOptions,
  withWarmUp,
} from './schedules.js';
