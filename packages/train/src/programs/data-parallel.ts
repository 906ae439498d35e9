import {
  concat,
  createProgram,
  createScope,
  input,
  mergeSpecs,
  multiply,
  type Program,
  reshape,
  type StateSpec,
  sizeOf,
  sliceAxis,
  type Tensor,
} from '@nats/graph';
import { ownCount } from '../average-factor.js';
import type { Objective } from '../objective.js';
import { applyGradients } from './apply-gradients.js';
import { averageUpdates } from './average.js';
import { differentiatedLoss, keptUpdates } from './loss-scope.js';
import type { StepOptions } from './training-step.js';

/** A step of one rank in two programs, with a sum over ranks between them. */
export interface DataParallelPrograms {
  /** Output `counts`, one for each of `factors`; absent where no loss divides by a count of its batch. */
  readonly counts?: Program;
  /** Names of the average factors: `gradients` has an input `averageFactor.NAME` for each. */
  readonly factors: readonly string[];
  /**
   * Output `flat`: gradients of all trained parameters, then running statistics as this batch moves them, then `scalars`. One
   * vector, so that one all-reduce takes them all. Statistics in the state move, too.
   */
  readonly gradients: Program;
  readonly parts: FlatParts;
  /** `loss` and metrics, in the order in which they end `flat`. */
  readonly scalars: readonly string[];
  /** The optimizer's update. Inputs: `flat`, summed over ranks and batches, `learningRate`, `averageDecay` with averages. */
  readonly apply: Program;
  readonly spec: StateSpec;
  readonly trained: readonly string[];
}

/** Lengths of the parts of `flat`, in their order. */
export interface FlatParts {
  readonly gradients: number;
  readonly statistics: number;
  readonly scalars: number;
}

export interface DataParallelOptions extends StepOptions {
  /** Number of ranks. */
  readonly size: number;
  /** Batches of each rank that make one step; default 1. */
  readonly accumulate?: number;
}

/**
 * The training step of one of `size` ranks. The gradient is the mean over ranks, each with average factors of all ranks
 * divided by their number: where a loss is a sum over its batch divided by a count, that is the gradient of the whole batch.
 * Batch norms see their rank's batch (as PyTorch's DistributedDataParallel without SyncBatchNorm); running statistics are averaged.
 */
export function dataParallelStep(
  objective: Pick<Objective, 'loss'>,
  { size, accumulate = 1, ...options }: DataParallelOptions,
): DataParallelPrograms {
  const { factors, counts } = countsOf(objective, options);
  const { scope, outputs, trained } = differentiatedLoss(objective, {
    ...options,
    averageFactor: (name) => input(`averageFactor.${name}`, 'float32', []),
  });
  const statistics = [...keptUpdates(scope, options.statistics ?? 'update')].filter(
    ([name]) => scope.spec.get(name)!.kind === 'statistic',
  );
  const scalars = Object.keys(outputs);
  const flat = concat(
    [
      ...trained.map(({ gradient }) => gradient),
      ...statistics.map(([, value]) => value),
      ...Object.values(outputs),
    ].map(flattened),
    0,
  );
  const lengthOf = (tensors: readonly Tensor[]) =>
    tensors.reduce((sum, { shape }) => sum + sizeOf(shape as number[]), 0);
  const parts = {
    gradients: lengthOf(trained.map(({ gradient }) => gradient)),
    statistics: lengthOf(statistics.map(([, value]) => value)),
    scalars: scalars.length,
  };

  const applied = createScope();
  const take = reader(input('flat', 'float32', [parts.gradients + parts.statistics + parts.scalars]));
  const averaged = trained.map(({ name, settings }) => {
    const { shape, initializer } = scope.spec.get(name)!;
    const gradient = multiply(take(shape), 1 / (size * accumulate));
    return { name, settings, variable: applied.parameter(name, shape, initializer), gradient };
  });
  const reported = applyGradients(applied, averaged, options);
  for (const [name] of statistics) {
    const { shape, initializer } = scope.spec.get(name)!;
    applied.update(applied.statistic(name, shape, initializer), multiply(take(shape), 1 / size));
  }
  if (options.average) averageUpdates(applied, new Map(applied.updates));
  return {
    ...(counts && { counts }),
    factors,
    gradients: createProgram({ outputs: { flat }, updates: new Map(statistics) }),
    parts,
    scalars,
    apply: createProgram({ outputs: reported, updates: applied.updates }),
    spec: mergeSpecs(scope.spec, applied.spec),
    trained: trained.map(({ name }) => name),
  };
}

/** What the loss divides by: counts need targets, and of the network only what they depend on. */
function countsOf(objective: Pick<Objective, 'loss'>, options: StepOptions): { factors: string[]; counts?: Program } {
  const { normalization = 'batch', convolution, batch } = options;
  const found = new Map<string, Tensor>();
  objective.loss(createScope({ normalization }), {
    ...(convolution && { convolution }),
    ...(batch !== undefined && { batch }),
    averageFactor: (name, count) => {
      found.set(name, count);
      return ownCount(name, count);
    },
  });
  if (found.size === 0) return { factors: [] };
  const counts = concat([...found.values()].map(flattened), 0);
  return { factors: [...found.keys()], counts: createProgram({ outputs: { counts } }) };
}

function flattened(x: Tensor): Tensor {
  return reshape(x, [sizeOf(x.shape as number[])]);
}

/** Takes one tensor after the other from a vector. */
function reader(flat: Tensor): (shape: readonly number[]) => Tensor {
  let start = 0;
  return (shape) => {
    const end = start + sizeOf(shape);
    const part = reshape(sliceAxis(flat, 0, start, end), [...shape]);
    start = end;
    return part;
  };
}
