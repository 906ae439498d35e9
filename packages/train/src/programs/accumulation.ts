import {
  add,
  check,
  createProgram,
  createScope,
  input,
  mergeSpecs,
  multiply,
  type Program,
  type StateSpec,
  type Tensor,
  zeros,
} from '@nats/graph';
import type { Objective } from '../objective.js';
import { applyGradients } from './apply-gradients.js';
import { averageUpdates } from './average.js';
import { differentiatedLoss, keptUpdates } from './loss-scope.js';
import type { StepOptions } from './training-step.js';

/** Programs of a step whose batch is computed in parts. */
export interface AccumulationPrograms {
  /**
   * Adds a batch's gradients, divided by the count, to slots. Inputs: the objective's, and `keep`: 0 for the first batch
   * of a step, 1 for the others. Outputs: `loss` and metrics. Running statistics move with every batch.
   */
  readonly accumulate: Program;
  /** The optimizer's update by the sums. Inputs: `learningRate`, and `averageDecay` with averages. */
  readonly apply: Program;
  readonly spec: StateSpec;
  readonly trained: readonly string[];
}

/**
 * A training step over `count` batches, for batches that memory does not hold: the same as one batch of them all where
 * the loss is a mean over images (batch norms see the small batches, and losses normalized by a count of their batch
 * differ).
 */
export function accumulationSteps(
  objective: Pick<Objective, 'loss'>,
  { count, ...options }: StepOptions & { readonly count: number },
): AccumulationPrograms {
  check(Number.isInteger(count) && count >= 1, 'attribute', () => ({
    rule: 'gradients are accumulated over a whole number of batches',
    received: String(count),
  }));
  const slots = options.slots ?? 'optimizer';
  const { scope, outputs, trained } = differentiatedLoss(objective, options);
  const keep = input('keep', 'float32', []);
  for (const { name, variable, gradient } of trained) {
    const sum = scope
      .child(slots)
      .child(name)
      .slot('gradient', variable.shape as number[], zeros);
    scope.update(sum, add(multiply(sum, keep), multiply(gradient, 1 / count)));
  }
  const updates = keptUpdates(scope, options.statistics ?? 'update');
  const accumulate = createProgram({ outputs, updates });

  const applied = createScope();
  const summed = trained.map(({ name, settings }) => {
    const { shape, initializer } = scope.spec.get(name)!;
    const gradient = applied.child(slots).child(name).slot('gradient', shape, zeros);
    return { name, settings, variable: applied.parameter(name, shape, initializer), gradient };
  });
  const reported = applyGradients(applied, summed, options);
  if (options.average) {
    const moved = [...updates.keys()].map((name) => scope.spec.get(name)!).filter(({ kind }) => kind === 'statistic');
    const statistics = moved.map(({ name, shape, initializer }): [string, Tensor] => [
      name,
      applied.statistic(name, shape, initializer),
    ]);
    averageUpdates(applied, new Map([...applied.updates, ...statistics]));
  }
  return {
    accumulate,
    apply: createProgram({ outputs: reported, updates: applied.updates }),
    spec: mergeSpecs(scope.spec, applied.spec),
    trained: trained.map(({ name }) => name),
  };
}
