import { add, multiply, type Scope, subtract, type Tensor, zeros } from '@nats/graph';
import type { Optimizer, TrainedParameter } from './optimizer.js';

/** Options of `sgd`. */
export interface SgdOptions {
  /** Default 0: no momentum, no slots. */
  readonly momentum?: number;
  /** Look ahead by one momentum step; default false. */
  readonly nesterov?: boolean;
  /** Added to the gradient as `weightDecay * w`; default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent as PyTorch has it: `v = momentum v + g`, `w -= rate v` (the first `v` is the gradient),
 * with the learning rate outside of the velocity.
 */
export function sgd({ momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions = {}): Optimizer {
  return {
    config: { kind: 'sgd', momentum, nesterov, weightDecay },
    weightDecay,
    update: (scope, parameters) => {
      for (const parameter of parameters) step(scope, parameter, momentum, nesterov);
    },
  };
}

function step(scope: Scope, parameter: TrainedParameter, momentum: number, nesterov: boolean): void {
  const { variable, learningRate } = parameter;
  const gradient = withDecay(parameter);
  const descend = (direction: Tensor) => scope.update(variable, subtract(variable, multiply(direction, learningRate)));
  if (momentum === 0) {
    descend(gradient);
    return;
  }
  const velocity = parameter.slots.slot('momentum', variable.shape as number[], zeros);
  const moved = add(multiply(velocity, momentum), gradient);
  scope.update(velocity, moved);
  descend(nesterov ? add(gradient, multiply(moved, momentum)) : moved);
}

/** The gradient of the loss plus `weightDecay / 2 * |w|^2`. */
export function withDecay({ variable, gradient, weightDecay }: TrainedParameter): Tensor {
  return weightDecay === 0 ? gradient : add(gradient, multiply(variable, weightDecay));
}
