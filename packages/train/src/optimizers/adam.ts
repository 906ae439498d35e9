import { add, divide, multiply, type Scope, sqrt, square, subtract, type Tensor, zeros } from '@nats/graph';
import type { Optimizer, TrainedParameter } from './optimizer.js';
import { withDecay } from './sgd.js';

/** Options of `adam` and `adamW`. */
export interface AdamOptions {
  /** Decay of the averages of gradients and of squared gradients; default `[0.9, 0.999]`. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Default 0; for `adamw` 0.01. */
  readonly weightDecay?: number;
}

/** Adam (Kingma and Ba 2015); weight decay is part of the gradient, as in PyTorch's `Adam`. */
export function adam(options: AdamOptions = {}): Optimizer {
  return create('adam', { weightDecay: 0, ...options });
}

/** Adam with decoupled weight decay, `w *= 1 - rate * weightDecay` (Loshchilov and Hutter 2019), as PyTorch's `AdamW`. */
export function adamw(options: AdamOptions = {}): Optimizer {
  return create('adamw', { weightDecay: 0.01, ...options });
}

interface Settings {
  readonly decoupled: boolean;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

function create(kind: 'adam' | 'adamw', options: AdamOptions & { readonly weightDecay: number }): Optimizer {
  const { betas = [0.9, 0.999], epsilon = 1e-8, weightDecay } = options;
  const settings = { decoupled: kind === 'adamw', betas, epsilon };
  return {
    config: { kind, beta1: betas[0], beta2: betas[1], epsilon, weightDecay },
    weightDecay,
    update: (scope, parameters) => {
      const corrections: [Tensor, Tensor] = [
        correction(scope, 'correction1', betas[0]),
        correction(scope, 'correction2', betas[1]),
      ];
      for (const parameter of parameters) step(scope, parameter, settings, corrections);
    },
  };
}

/**
 * The bias correction `1 - beta^t` as a slot that is averaged like the gradients: `c = beta c + (1 - beta)` from 0.
 * So it counts the steps, and unlike float32's `1 - beta^t` it loses no digits when the difference is small.
 */
function correction(scope: Scope, name: string, beta: number): Tensor {
  const slot = scope.slot(name, [], zeros);
  const value = add(multiply(slot, beta), 1 - beta);
  scope.update(slot, value);
  return value;
}

function step(
  scope: Scope,
  parameter: TrainedParameter,
  { decoupled, betas, epsilon }: Settings,
  [correction1, correction2]: readonly [Tensor, Tensor],
): void {
  const { variable, learningRate, weightDecay, slots } = parameter;
  const shape = variable.shape as number[];
  const gradient = decoupled ? parameter.gradient : withDecay(parameter);
  const averaged = (name: string, beta: number, value: Tensor) => {
    const slot = slots.slot(name, shape, zeros);
    const moved = add(multiply(slot, beta), multiply(value, 1 - beta));
    scope.update(slot, moved);
    return moved;
  };
  const first = averaged('first', betas[0], gradient);
  const second = averaged('second', betas[1], square(gradient));
  const denominator = add(divide(sqrt(second), sqrt(correction2)), epsilon);
  const change = multiply(divide(first, denominator), divide(learningRate, correction1));
  const kept =
    decoupled && weightDecay !== 0 ? multiply(variable, subtract(1, multiply(learningRate, weightDecay))) : variable;
  scope.update(variable, subtract(kept, change));
}
