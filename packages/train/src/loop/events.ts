/** What a training tells while it runs. `step` counts the steps that are done. */
export type TrainingEvent =
  | StartEvent
  | WarningEvent
  | StepEvent
  | EvaluationEvent
  | CheckpointEvent
  | FailureEvent
  | EndEvent;

/** The training begins, or goes on. */
export interface StartEvent {
  readonly type: 'start';
  /** 0, or that of the checkpoint that the training continues from. */
  readonly step: number;
  /** Steps after which the training ends. */
  readonly steps: number;
  readonly objective: string;
  /** Numbers that are trained, and that the model has. */
  readonly trained: number;
  readonly parameters: number;
  /** The checkpoint's file. */
  readonly resumed?: string;
}

/** Something that the training goes on after, and that its user should know. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly step: number;
  readonly message: string;
}

/** A step was made. */
export interface StepEvent {
  readonly type: 'step';
  readonly step: number;
  readonly loss: number;
  /** The objective's metrics and `gradientNorm`; those of further phases as `PHASE/NAME`. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Whole duration, and the part of it spent waiting for the batch. */
  readonly seconds: number;
  readonly waitSeconds: number;
  readonly imagesPerSecond: number;
}

/** A split was evaluated. */
export interface EvaluationEvent {
  readonly type: 'evaluation';
  readonly step: number;
  readonly split: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Better than all before. */
  readonly best: boolean;
}

/** A checkpoint was written. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly step: number;
  /** `last`, `best`. */
  readonly names: readonly string[];
  readonly paths: readonly string[];
}

/** The last event before the iterator throws a `NotFiniteError`. */
export interface FailureEvent {
  readonly type: 'failure';
  readonly step: number;
  readonly message: string;
}

/** The training has ended, or was stopped. */
export interface EndEvent {
  readonly type: 'end';
  readonly step: number;
  readonly reason: 'finished' | 'aborted';
}
