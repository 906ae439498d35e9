import {
  type BackboneConfig,
  type ConvolutionBuilder,
  type Freezing,
  isFrozen,
  trainingNormalization,
} from '@nats/space';
import {
  adamw,
  cosineDecay,
  type Json,
  NO_DECAY_ON_NORMS_AND_BIASES,
  type Phase,
  type Schedule,
  sgd,
  stepDecay,
  type TrainingOptions,
  withWarmUp,
} from '@nats/train/core';
import { BACKBONE } from './recalibrated-norms.js';

/** What a recipe needs to know of the training that it makes. */
export interface RecipeOptions {
  /** The detector's: it says which parameters a freezing holds. */
  readonly backbone: BackboneConfig;
  readonly steps: number;
  readonly batchSize: number;
  /** How searchable convolutions of the backbone are built: plainly (default), by a scheme. */
  readonly convolution?: ConvolutionBuilder;
  /** Default: the recipe's. */
  readonly learningRate?: number;
  /** Of the backbone, as a factor on the learning rate; default: the recipe's. */
  readonly backboneLearningRateScale?: number;
  /** What of the backbone stays as it is; default: the recipe's. */
  readonly freezing?: Freezing;
}

/** How detectors are fitted: options of `createTraining`, to be spread into it. */
export interface DetectionRecipe extends Required<Pick<TrainingOptions, 'steps' | 'phases' | 'config' | 'pretrained'>> {
  readonly name: RecipeName;
  /** Every value in use. Checkpoints hold it: a training continues with the recipe it began with. */
  readonly config: { readonly [name: string]: Json };
  /** The backbone's norms keep their statistics: measure these first, `recalibratedNorms`. */
  readonly frozenNorms: boolean;
}

/** Names of the training recipes, as `train.recipe` has them. */
export type RecipeName = 'fine-tune' | 'from-classifier' | 'quick';

/** The batch size that torchvision's learning rates are made for: eight processors with two images each. */
const REFERENCE_BATCH = 16;
/** Epochs of torchvision's detection reference, and those after which its learning rate falls. */
const REFERENCE_EPOCHS = { all: 26, milestones: [16, 22], warmUpSteps: 1000 } as const;

/**
 * From a backbone pretrained on large photographs, with small batches. torchvision's reference for RetinaNet and FCOS
 * (references/detection): SGD with momentum 0.9 and weight decay 1e-4; learning rate 0.01 for batches of 16 and in proportion
 * for others (Goyal et al. 2017); linear warm-up from a thousandth over one of 26 epochs, 1,000 steps at most; a tenth after
 * 16 and again after 22 of 26 epochs; the stem and the first stage frozen, and all norms of the backbone. Gradients
 * are clipped at a norm of 35, as MMDetection's FCOS does. Moving average of the weights over about a tenth
 * of the training, 1,000 steps at most: our choice.
 */
export function fineTune(options: RecipeOptions): DetectionRecipe {
  const { steps, batchSize, learningRate = (0.01 * batchSize) / REFERENCE_BATCH } = options;
  const { all, milestones, warmUpSteps } = REFERENCE_EPOCHS;
  const warmUp = Math.min(warmUpSteps, Math.ceil(steps / all));
  const falls = milestones.map((epoch) => Math.round((steps * epoch) / all));
  const risen = falls.filter((step, i) => step > (falls[i - 1] ?? 0));
  return recipe('fine-tune', options, {
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    learningRate,
    schedule: stepDecay({ rate: learningRate, milestones: risen }),
    scheduleConfig: { kind: 'steps', milestones: risen, factor: 0.1 },
    warmUp: { steps: warmUp, start: 0.001 },
    clipNorm: 35,
    averageDecay: averageOver(steps / 10, 0.999),
    backboneLearningRateScale: 1,
    freezing: { upTo: 'C2', norms: true },
    sparesNorms: false,
  });
}

/**
 * From a small classifier, all of it fitted, on a small dataset: what BCCD and MNIST-detection are trained with here.
 * AdamW with weight decay 0.01 (PyTorch's default) on all but norms and biases; learning rate 2e-3 (found on
 * MNIST-detection), half of that for the backbone (our choice: it is pretrained, the rest is not); cosine to 0 (Loshchilov and
 * Hutter 2017) with a warm-up over a twentieth of the steps, 100 at most; clipped at a norm of 10; batch norms with
 * the batch's statistics; moving average over about a twentieth of the training, 1,000 steps at most (our choice).
 */
export function fromClassifier(options: RecipeOptions): DetectionRecipe {
  return adaptive('from-classifier', options, {
    averageDecay: averageOver(options.steps / 20, 0.999),
    backboneLearningRateScale: 0.5,
    sparesNorms: true,
    weightDecay: 0.01,
  });
}

/**
 * To see something within minutes, and in searches: as `fromClassifier`, with one learning rate for all parameters,
 * weight decay 1e-3 on all of them (as the method's prototype on MNIST-detection) and no averages, so that a step writes least.
 */
export function quick(options: RecipeOptions): DetectionRecipe {
  return adaptive('quick', options, { backboneLearningRateScale: 1, sparesNorms: false, weightDecay: 1e-3 });
}

/** By name, for command lines and configuration files. */
export const DETECTION_RECIPES: Readonly<Record<RecipeName, (options: RecipeOptions) => DetectionRecipe>> = {
  'fine-tune': fineTune,
  'from-classifier': fromClassifier,
  quick,
};

interface Values {
  readonly optimizer: Phase['optimizer'];
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly scheduleConfig: Json;
  readonly warmUp: { readonly steps: number; readonly start: number };
  readonly clipNorm: number;
  readonly averageDecay?: number;
  readonly backboneLearningRateScale: number;
  readonly freezing: Freezing;
  /** No weight decay on norms and biases. */
  readonly sparesNorms: boolean;
}

function adaptive(
  name: RecipeName,
  options: RecipeOptions,
  values: Pick<Values, 'averageDecay' | 'backboneLearningRateScale' | 'sparesNorms'> & { readonly weightDecay: number },
): DetectionRecipe {
  const { steps, learningRate = 2e-3 } = options;
  const { weightDecay, ...others } = values;
  return recipe(name, options, {
    optimizer: adamw({ weightDecay }),
    learningRate,
    schedule: cosineDecay({ rate: learningRate, steps }),
    scheduleConfig: { kind: 'cosine', floor: 0 },
    warmUp: { steps: Math.min(100, Math.ceil(steps / 20)), start: 0.001 },
    clipNorm: 10,
    freezing: { upTo: 'none', norms: false },
    ...others,
  });
}

function recipe(name: RecipeName, options: RecipeOptions, values: Values): DetectionRecipe {
  const { backbone, steps, batchSize, convolution } = options;
  const { optimizer, learningRate, schedule, scheduleConfig, warmUp, clipNorm, averageDecay, sparesNorms } = values;
  const { backboneLearningRateScale = values.backboneLearningRateScale, freezing = values.freezing } = options;
  const freezes = freezing.upTo !== 'none' || freezing.norms;
  return {
    name,
    steps,
    pretrained: `${BACKBONE}.`,
    frozenNorms: freezing.norms,
    phases: [
      {
        optimizer,
        learningRate: withWarmUp(schedule, warmUp),
        rules: [
          ...(sparesNorms ? [NO_DECAY_ON_NORMS_AND_BIASES] : []),
          ...(backboneLearningRateScale === 1
            ? []
            : [{ name: `${BACKBONE}.*`, learningRateScale: backboneLearningRateScale }]),
        ],
        clipNorm,
        ...(averageDecay !== undefined && { average: { decay: averageDecay } }),
        ...(freezes && {
          only: (parameter: string) => !isFrozen(backbone, freezing, parameter, BACKBONE),
          normalization: trainingNormalization(backbone, freezing, BACKBONE),
        }),
        ...(convolution && { convolution }),
      },
    ],
    config: {
      recipe: name,
      steps,
      batchSize,
      optimizer: { ...optimizer.config },
      learningRate,
      backboneLearningRateScale,
      schedule: scheduleConfig,
      warmUp: { ...warmUp },
      clipNorm,
      averageDecay: averageDecay ?? null,
      weightDecayOnNorms: !sparesNorms,
      freezing: { ...freezing },
    },
  };
}

/** The decay of an average over about so many steps. */
function averageOver(steps: number, most: number): number {
  return Math.min(most, 1 - 1 / Math.max(2, steps));
}
