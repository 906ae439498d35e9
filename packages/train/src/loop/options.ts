import type { Engine, TensorData } from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import type { CheckpointStore } from '../checkpoint/checkpoint.js';
import type { Collective } from '../collective.js';
import type { Objective } from '../objective.js';
import type { Phase } from './phase.js';

/** When a training evaluates, and what by. */
export interface EvaluationOptions {
  /** Steps between evaluations; there is always one after the last step. Default: only that. */
  readonly every?: number;
  /** Default `test`. */
  readonly split?: string;
  /** Keeps the checkpoint `best` of the best evaluation. */
  readonly best?: { readonly metric: string /** Default `max`. */; readonly mode?: 'max' | 'min' };
  /** Evaluate the moving averages; default: if a phase keeps them. */
  readonly averaged?: boolean;
  /** How searchable convolutions are built in evaluations; default: as in the first phase. */
  readonly convolution?: ConvolutionBuilder;
}

/** Where and when a training writes checkpoints. */
export interface CheckpointOptions {
  /** Where they are kept: in Node `checkpointDirectory('runs/mnist')`. */
  readonly store: CheckpointStore;
  /** Steps between checkpoints `last`; there is always one at the end, also of an aborted training. Default: only that. */
  readonly every?: number;
  /**
   * `never` (default): a new training, which refuses a store that has a checkpoint. `if-present`: continues from
   * `last` if there is one. `always`: continues or fails.
   */
  readonly resume?: 'never' | 'if-present' | 'always';
  /**
   * A training with more `steps` than its checkpoint's may go on with what follows from their number: learning rates and averages are those
   * of the new number from the checkpoint's step on, and `config` may differ. It does not end where one of so many steps from the beginning
   * ends. Default false: such settings are refused as any other.
   */
  readonly prolong?: boolean;
}

/** Options of `createTraining`. */
export interface TrainingOptions {
  readonly engine: Engine;
  readonly objective: Objective;
  /** Steps after which the training ends, those before an interruption included. */
  readonly steps: number;
  /** What happens in a step, in order. */
  readonly phases: readonly [Phase, ...Phase[]];
  /** Seed of the initial values; default 0. Batches have the seed of their objective. */
  readonly seed?: number;
  /** Values to start from instead of the specification's initial ones, by full name: pretrained weights. */
  readonly initial?: ReadonlyMap<string, TensorData>;
  /**
   * Prefix of the parameters that the settings take as pretrained: a new training that has `initial` values for none of them
   * warns. Recipes set it.
   */
  readonly pretrained?: string;
  readonly evaluation?: EvaluationOptions;
  readonly checkpoints?: CheckpointOptions;
  /** Further settings to record in checkpoints, as plain data; a resumed training must have the same. */
  readonly config?: unknown;
  /**
   * The processes of a data-parallel training; default: this one alone. Each has the objective's batch; N processes with batches
   * of b images make the steps of one with N b. Rank 0 writes checkpoints. A rank that fails ends all.
   */
  readonly collective?: Collective;
  /** Steps whose batches are asked for ahead; default 2. */
  readonly prefetch?: number;
}
