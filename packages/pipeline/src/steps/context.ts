import type { Engine, TensorData } from '@nats/graph';
import type { Collective } from '@nats/train';
import type { Config } from '../config/schema.js';
import type { Progress } from '../progress.js';

/** What all steps share. */
export interface StepContext {
  readonly config: Config;
  readonly engine: Engine;
  readonly progress: Progress;
  /** What was typed: run directories keep it. */
  readonly command: string;
  /** Ends the work; its reason is what is thrown. */
  readonly signal: AbortSignal;
  /** The processes of one training, among which batches and images for evaluation are divided; default: this one alone. */
  readonly collective?: Collective;
  /** Whether trainings and searches write event files of TensorBoard too, into `tensorboard` of their run directories. */
  readonly tensorboard?: boolean;
}

/** Values by full name. */
export type Weights = ReadonlyMap<string, TensorData>;
