import { input, multiply, type Scope, type Tensor } from '@nats/graph';
import { clipByGlobalNorm } from '../optimizers/clip.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { DifferentiatedParameter } from './loss-scope.js';

/** How gradients move parameters. */
export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Limit on the length of all gradients as one vector; the length before is reported as `gradientNorm`. */
  readonly clipNorm?: number;
  /** Keep moving averages of the model in slots `average.NAME`, with the fed scalar `averageDecay`; default false. */
  readonly average?: boolean;
  /** First part of the optimizer's slot names, for more than one optimizer on a state; default `optimizer`. */
  readonly slots?: string;
}

/**
 * Adds to a root scope the updates of parameters by their gradients. Declares the input `learningRate`.
 * @returns what is to be reported: `gradientNorm` if gradients are clipped
 */
export function applyGradients(
  scope: Scope,
  trained: readonly DifferentiatedParameter[],
  { optimizer, clipNorm, slots = 'optimizer' }: UpdateOptions,
): Record<string, Tensor> {
  const raw = trained.map(({ gradient }) => gradient);
  const clipped = clipNorm === undefined ? { gradients: raw } : clipByGlobalNorm(raw, clipNorm);
  const learningRate = input('learningRate', 'float32', []);
  const root = scope.child(slots);
  optimizer.update(
    root,
    trained.map(({ name, variable, settings }, i) => ({
      variable,
      gradient: clipped.gradients[i]!,
      learningRate:
        settings.learningRateScale === 1 ? learningRate : multiply(learningRate, settings.learningRateScale),
      weightDecay: optimizer.weightDecay * settings.weightDecayScale,
      slots: root.child(name),
    })),
  );
  return 'norm' in clipped ? { gradientNorm: clipped.norm } : {};
}
