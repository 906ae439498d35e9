import { NatsError } from '@nats/graph';

/** Examples in the message; `examples` has them all. */
const SHOWN = 8;

export interface NotFiniteContext {
  /** The step that failed, counted from 1. */
  readonly step: number;
  readonly phase: string;
  /** The examples of its batch, as far as the objective tells. */
  readonly examples: readonly string[];
  /** Where to continue from. */
  readonly checkpoint: string | undefined;
}

/** A training arrived at NaN or infinity. */
export class NotFiniteError extends NatsError implements NotFiniteContext {
  override readonly name = 'NotFiniteError';
  readonly step: number;
  readonly phase: string;
  readonly examples: readonly string[];
  readonly checkpoint: string | undefined;

  constructor(what: string, received: string, context: NotFiniteContext) {
    const { step, phase, examples, checkpoint } = context;
    const shown = examples.slice(0, SHOWN).join(', ');
    const more = examples.length > SHOWN ? ` and ${examples.length - SHOWN} more` : '';
    const batch = examples.length > 0 ? `; examples ${shown}${more}` : '';
    super('not-finite', {
      rule: `${what} of a training is finite`,
      received: `${received}${batch}`,
      limit: `lower the learning rate, warm up longer or clip gradients; ${checkpoint ? `the last good checkpoint is ${checkpoint}` : 'there is no checkpoint yet'}`,
      where: `step ${step}, ${phase}`,
    });
    this.step = step;
    this.phase = phase;
    this.examples = examples;
    this.checkpoint = checkpoint;
  }
}
