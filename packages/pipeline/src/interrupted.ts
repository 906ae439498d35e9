/** Options of `interruptedRun`. */
export interface InterruptedOptions {
  /** By a time limit or a scheduler rather than by a person: the same command is to be started again. */
  readonly requeue?: boolean;
  /** All processes of the training end at the same step: none has to end the others. */
  readonly together?: boolean;
}

/** The work was stopped; the message says how to go on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly requeue: boolean;
  readonly together: boolean;

  constructor(message: string, { requeue = false, together = false }: InterruptedOptions = {}) {
    super(message);
    this.requeue = requeue;
    this.together = together;
  }
}
