import type { Engine, Executable, Feeds, Program, Scope, State, Tensor } from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import type { AverageFactor } from './average-factor.js';
import type { Collective } from './collective.js';

/** What the loss of an objective is built with. */
export interface LossOptions {
  /** How searchable convolutions are built; default: plainly. */
  readonly convolution?: ConvolutionBuilder;
  /** Images in the batch; default: the objective's own. */
  readonly batch?: number;
  /** What sums are divided by whose count depends on the batch; default: the batch's own count, at least 1. */
  readonly averageFactor?: AverageFactor;
}

/** The loss of a batch. */
export interface LossTensors {
  /** float32 scalar, the mean over the batch: what is minimized. */
  readonly loss: Tensor;
  /** Further float32 scalars to report, such as the parts of the loss. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
}

/** A part of the data, by name. */
export interface Split {
  /** Number of examples. */
  readonly size: number;
}

/** What an objective evaluates with. */
export interface EvaluationContext {
  readonly engine: Engine;
  /** Holds the model's parameters and statistics; evaluation changes nothing in it. */
  readonly state: State;
  readonly split: string;
  /** How searchable convolutions are built; default: plainly. */
  readonly convolution?: ConvolutionBuilder;
  /**
   * Compiles a program once for all evaluations: later calls with the same key return the first result. Keys belong
   * to one objective and one way to build its convolutions.
   */
  readonly compile: (key: string, build: () => Program) => Promise<Executable>;
  /** Checked between batches (`signal.throwIfAborted()`). */
  readonly signal?: AbortSignal;
  /** Among which images are divided; every rank gets the same numbers. */
  readonly collective?: Collective;
}

/** Which part of something belongs to a process. */
export type Rank = Pick<Collective, 'rank' | 'size'>;

/**
 * What is fitted, and to what: the contract between the training loop and search on one side, and classification and
 * detection on the other. Neither side knows more about the other than this.
 */
export interface Objective {
  readonly name: string;
  /** Images in each batch that `batch` gives. */
  readonly batchSize: number;
  readonly splits: Readonly<Record<string, Split>>;
  /** Plain data that says what is fitted (network, data, seed): recorded in checkpoints, and the same on resume. */
  readonly config?: unknown;
  /**
   * Declares the inputs of a training step and builds its loss in `scope`, with parameters named as in torchvision.
   * May be called many times, for different scopes; the same names in each.
   */
  loss(scope: Scope, options?: LossOptions): LossTensors;
  /**
   * Values for all inputs that `loss` declares: a pure function of the objective (its seed and data), `split` and
   * `step` (0, 1, …; no end: epochs follow each other). Never touches arrays that it returned before: the loop asks
   * for batches ahead.
   */
  batch(split: string, step: number): Promise<Feeds>;
  /**
   * The rows of one rank of a batch of `batchSize * size` images. Default: `batch` at `step * size + rank`, which is right where
   * batches are consecutive examples and nothing is drawn for a batch as a whole.
   */
  batchOfRank?(split: string, step: number, rank: Rank): Promise<Feeds>;
  /** Which examples are in a batch, to find the one that broke a training. Pure as `batch`. */
  identify?(split: string, step: number): readonly string[];
  /** Numbers that say how good the state's model is on a split. */
  evaluate?(context: EvaluationContext): Promise<Record<string, number>>;
  dispose?(): void | Promise<void>;
}
