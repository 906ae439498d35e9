import { check } from '@nats/graph';

/** Learning rate at a step (0, 1, …): a plain function, so that a resumed training needs nothing but its step. */
export type Schedule = (step: number) => number;

/** The same learning rate at every step. */
export function constantRate(rate: number): Schedule {
  return () => rate;
}

/** Options of `stepDecay`. */
export interface StepDecayOptions {
  readonly rate: number;
  /** Steps from which the rate is multiplied once more, in rising order. */
  readonly milestones: readonly number[];
  /** Default 0.1. */
  readonly factor?: number;
}

/** `rate * factor^k` after k milestones (PyTorch's MultiStepLR). */
export function stepDecay({ rate, milestones, factor = 0.1 }: StepDecayOptions): Schedule {
  check(
    milestones.every((milestone, i) => i === 0 || milestone > milestones[i - 1]!),
    'attribute',
    () => ({
      rule: 'milestones of a learning rate rise',
      received: milestones.join(', '),
    }),
  );
  return (step) => rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/** Options of `cosineDecay`. */
export interface CosineDecayOptions {
  readonly rate: number;
  /** Steps from `rate` to `floor`; the floor stays after them. */
  readonly steps: number;
  /** Default 0. */
  readonly floor?: number;
}

/** Half a cosine wave from `rate` to `floor` (Loshchilov and Hutter 2017, without restarts). */
export function cosineDecay({ rate, steps, floor = 0 }: CosineDecayOptions): Schedule {
  check(steps > 0, 'attribute', () => ({ rule: 'a cosine decay takes at least one step', received: String(steps) }));
  return (step) => floor + ((rate - floor) * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2;
}

/** Options of `warmUp`. */
export interface WarmUpOptions {
  readonly steps: number;
  /** Factor at step 0; default 0.001, as torchvision's detection recipes. */
  readonly start?: number;
}

/** Multiplies a schedule by a factor that rises linearly from `start` at step 0 to 1 at `steps` (Goyal et al. 2017, 2.2). */
export function withWarmUp(schedule: Schedule, { steps, start = 0.001 }: WarmUpOptions): Schedule {
  return (step) => schedule(step) * (step < steps ? start + ((1 - start) * step) / steps : 1);
}
