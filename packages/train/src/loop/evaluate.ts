import { check, type Engine, type State, type StateSpec } from '@nats/graph';
import type { ConvolutionBuilder } from '@nats/space';
import type { Collective } from '../collective.js';
import type { Objective } from '../objective.js';
import { averagedValues } from '../programs/average.js';
import { createProgramCache, type ProgramCache } from './program-cache.js';

/** Options of `evaluateObjective`. */
export interface EvaluateOptions {
  readonly engine: Engine;
  readonly state: State;
  /** Default `test`. */
  readonly split?: string;
  readonly convolution?: ConvolutionBuilder;
  /** Keeps compiled programs between evaluations; default: they are disposed of. */
  readonly cache?: ProgramCache;
  readonly signal?: AbortSignal;
  /** Processes among which the split's images are divided; every one gets the same numbers. */
  readonly collective?: Collective;
}

/**
 * Numbers that say how good a state's model is on a split.
 * @throws NatsError `unsupported` for an objective without evaluation, `name` for an unknown split
 */
export async function evaluateObjective(
  objective: Objective,
  { engine, state, split = 'test', convolution, cache, signal, collective }: EvaluateOptions,
): Promise<Record<string, number>> {
  checkEvaluation(objective, split);
  const programs = cache ?? createProgramCache(engine);
  try {
    return await objective.evaluate({
      engine,
      state,
      split,
      compile: programs.compile,
      ...(convolution && { convolution }),
      ...(signal && { signal }),
      ...(collective && { collective }),
    });
  } finally {
    if (!cache) await programs.dispose();
  }
}

/** @throws NatsError `unsupported` or `name` */
export function checkEvaluation(
  objective: Objective,
  split: string,
): asserts objective is Objective & Required<Pick<Objective, 'evaluate'>> {
  check(objective.evaluate !== undefined, 'unsupported', () => ({
    rule: 'an evaluated objective has an evaluation',
    received: `'${objective.name}' without one`,
  }));
  checkSplit(objective, split);
}

/** @throws NatsError `name` */
export function checkSplit({ name, splits }: Objective, split: string): void {
  check(Object.hasOwn(splits, split), 'name', () => ({
    rule: 'a split is one of its objective',
    received: `'${split}'`,
    limit: `splits of ${name}: ${Object.keys(splits).join(', ')}`,
  }));
}

export interface AveragedState {
  /** The model with averages in place of what they average; the same state at each call, with new values. */
  refresh(): Promise<State>;
  dispose(): Promise<void>;
}

/** A second state for the moving averages of a first one. */
export function createAveragedState(engine: Engine, source: State): AveragedState {
  const spec: StateSpec = new Map([...source.spec].filter(([, { kind }]) => kind !== 'slot'));
  let averaged: State | undefined;
  return {
    refresh: async () => {
      const values = averagedValues(source.spec, await source.read());
      if (averaged) await averaged.write(values);
      else averaged = await engine.createState(spec, values);
      return averaged;
    },
    dispose: async () => averaged?.dispose(),
  };
}
