import { DETECTION_RECIPES } from '@nats/detect';
import type { StateSpec } from '@nats/graph';
import {
  type BackboneConfig,
  type ConvolutionBuilder,
  type Freezing,
  isFrozen,
  trainingNormalization,
} from '@nats/space';
import {
  adamw,
  constantRate,
  cosineDecay,
  frozen,
  type Optimizer,
  type ParameterRule,
  type Phase,
  type Schedule,
  sgd,
  stepDecay,
  type TrainingOptions,
  withWarmUp,
} from '@nats/train';
import type { CustomSettings, SearchSettings, TrainSettings } from '../config/sections/training.js';
import { BACKBONE } from './backbone.js';

/** Shares of the steps after which the rate falls to a tenth: epochs 16 and 22 of 26 in torchvision's detection recipe. */
const MILESTONES = [16 / 26, 22 / 26] as const;

/** Optimizer, schedule and clipping, one by one. */
export function customPhase(settings: CustomSettings): Phase {
  return {
    optimizer: optimizerOf(settings),
    learningRate: scheduleOf(settings),
    ...(settings.clipNorm !== null && { clipNorm: settings.clipNorm }),
  };
}

function optimizerOf({ optimizer, weightDecay, momentum }: CustomSettings): Optimizer {
  return optimizer === 'sgd' ? sgd({ momentum, weightDecay }) : adamw({ weightDecay });
}

function scheduleOf({ schedule, learningRate, steps, warmUp }: CustomSettings): Schedule {
  const rising = warmUp ?? Math.min(100, Math.floor(steps / 10));
  return withWarmUp(plainSchedule(schedule, learningRate, steps), { steps: rising });
}

function plainSchedule(schedule: CustomSettings['schedule'], rate: number, steps: number): Schedule {
  if (schedule === 'constant') return constantRate(rate);
  if (schedule === 'cosine') return cosineDecay({ rate, steps });
  return stepDecay({ rate, milestones: [...new Set(MILESTONES.map((share) => Math.round(share * steps)))] });
}

/** How a detector is fitted: what `createTraining` takes. */
export interface DetectorPhases extends Required<Pick<TrainingOptions, 'phases' | 'config'>> {
  /** The backbone's norms keep their statistics, which must be measured first. */
  readonly frozenNorms: boolean;
}

/** The recipe that the settings name, or the one that they spell out. */
export function detectorPhases(
  settings: TrainSettings | SearchSettings,
  backbone: BackboneConfig,
  convolution?: ConvolutionBuilder,
): DetectorPhases {
  const { steps, batchSize, learningRate, backboneLearningRateScale, freeze, custom } = settings;
  if (!custom) {
    return DETECTION_RECIPES[settings.recipe]({
      backbone,
      steps,
      batchSize,
      ...(learningRate !== undefined && { learningRate }),
      ...(backboneLearningRateScale !== undefined && { backboneLearningRateScale }),
      ...(freeze && { freezing: freeze }),
      ...(convolution && { convolution }),
    });
  }
  const chosen = { ...custom, learningRate: learningRate ?? 2e-3, steps };
  const phase: Phase = {
    ...customPhase(chosen),
    ...(backboneLearningRateScale !== undefined && { rules: backboneRules(backboneLearningRateScale) }),
    ...(freeze && frozenPart(backbone, freeze)),
    ...(convolution && { convolution }),
  };
  return { phases: [phase], config: { custom: chosen, freeze }, frozenNorms: freeze?.norms ?? false };
}

/** No gradients at all for a backbone that keeps its weights; its batch norms still follow the images. */
function backboneRules(scale: number): ParameterRule[] {
  return scale === 0 ? frozen(BACKBONE) : [{ name: `${BACKBONE}.*`, learningRateScale: scale }];
}

function frozenPart(backbone: BackboneConfig, freezing: Freezing): Pick<Phase, 'only' | 'normalization'> {
  return {
    only: (name) => !isFrozen(backbone, freezing, name, BACKBONE),
    normalization: trainingNormalization(backbone, freezing, BACKBONE),
  };
}

/** The same for a search, which says by rules what is not trained. */
export function searchPhase(settings: SearchSettings, backbone: BackboneConfig, spec: StateSpec) {
  const { phases, config, frozenNorms } = detectorPhases(settings, backbone);
  const { optimizer, learningRate, clipNorm, rules = [], only = () => true, normalization } = phases[0];
  const fixed = [...spec.values()].filter(({ name, kind }) => kind === 'parameter' && !only(name));
  return {
    weights: {
      optimizer,
      learningRate,
      rules: [...fixed.map(({ name }) => ({ name, frozen: true })), ...rules],
      ...(clipNorm !== undefined && { clipNorm }),
      ...(normalization && { normalization }),
    },
    config,
    frozenNorms,
  };
}
