import type { Scope, Tensor } from '@nats/graph';

/** One parameter on its way through an optimizer. */
export interface TrainedParameter {
  readonly variable: Tensor;
  /** Of the parameter's shape. */
  readonly gradient: Tensor;
  /** float32 scalar. */
  readonly learningRate: Tensor;
  readonly weightDecay: number;
  /** Where slots of this parameter are declared: `optimizer.NAME`. */
  readonly slots: Scope;
}

/** A rule that turns gradients into new values, built into the training step's program. */
export interface Optimizer {
  /** Its settings as plain data, for checkpoints. */
  readonly config: Readonly<Record<string, string | number | boolean>>;
  /** Weight decay of parameters without a rule of their own. */
  readonly weightDecay: number;
  /**
   * Adds an update for every parameter, and declares and updates the slots that this needs.
   * @param scope for slots that all parameters share: `optimizer`
   */
  update(scope: Scope, parameters: readonly TrainedParameter[]): void;
}
