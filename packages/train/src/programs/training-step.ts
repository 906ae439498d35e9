import { createProgram, type Program, type StateSpec } from '@nats/graph';
import type { Objective } from '../objective.js';
import { applyGradients, type UpdateOptions } from './apply-gradients.js';
import { averageUpdates } from './average.js';
import { differentiatedLoss, type GradientOptions, keptUpdates } from './loss-scope.js';

/** Options of `trainingStep`. */
export interface StepOptions extends GradientOptions, UpdateOptions {}

/** A training step as one program. */
export interface StepProgram {
  readonly program: Program;
  /** Everything that a state needs for this program. */
  readonly spec: StateSpec;
  /** Names of the parameters that it trains. */
  readonly trained: readonly string[];
}

/**
 * A whole training step as one program: loss, gradients, clipping, the optimizer's update, averages, running statistics.
 * Inputs: the objective's, `learningRate`, and `averageDecay` with averages. Outputs: `loss`, the objective's metrics,
 * and `gradientNorm` with clipping. All updates read the state as it was before.
 */
export function trainingStep(objective: Pick<Objective, 'loss'>, options: StepOptions): StepProgram {
  const { scope, outputs, trained } = differentiatedLoss(objective, options);
  const statistics = options.statistics ?? 'update';
  const reported = applyGradients(scope, trained, options);
  if (options.average) averageUpdates(scope, keptUpdates(scope, statistics));
  return {
    program: createProgram({ outputs: { ...outputs, ...reported }, updates: keptUpdates(scope, statistics) }),
    spec: scope.spec,
    trained: trained.map(({ name }) => name),
  };
}

/** Gradients alone: outputs `loss`, metrics and `gradient.NAME`. Running statistics stay by default. */
export function gradientStep(objective: Pick<Objective, 'loss'>, options: GradientOptions = {}): StepProgram {
  const { scope, outputs, trained } = differentiatedLoss(objective, options);
  const slopes = Object.fromEntries(trained.map(({ name, gradient }) => [`gradient.${name}`, gradient]));
  return {
    program: createProgram({
      outputs: { ...outputs, ...slopes },
      updates: keptUpdates(scope, options.statistics ?? 'keep'),
    }),
    spec: scope.spec,
    trained: trained.map(({ name }) => name),
  };
}
