import { check, type Engine, type Executable, type Feeds, type State, type StateSpec } from '@nats/graph';
import type { Collective } from '../collective.js';
import { type Json, toJson } from '../json.js';
import type { Objective } from '../objective.js';
import { accumulationSteps } from '../programs/accumulation.js';
import { type AverageOptions, averageDecay } from '../programs/average.js';
import { feedsOf, scalarFeed } from '../programs/feeds.js';
import { type StepOptions, trainingStep } from '../programs/training-step.js';
import type { Schedule } from '../schedules.js';
import type { BatchRequest } from './batch-queue.js';
import { compileDataParallel } from './data-parallel-update.js';

/**
 * One update that a step makes. Most trainings have one phase; a search has one for weights and one for the
 * architecture, with optimizers and splits of their own.
 */
export interface Phase extends Omit<StepOptions, 'average'> {
  /** For events and messages; default `train`. */
  readonly name?: string;
  /** Where batches come from; default `train`. */
  readonly split?: string;
  readonly learningRate: Schedule;
  /** Batches whose gradients make one step; default 1. */
  readonly accumulate?: number;
  /** Keep moving averages of what this phase trains. */
  readonly average?: AverageOptions;
  /** Steps (0, 1, …) in which the phase takes part; default: all. Not for the first phase. */
  readonly when?: (step: number) => boolean;
  /** Further inputs of a step, such as a temperature. */
  readonly feeds?: (step: number) => Feeds;
  /** Another update than one step of the optimizer on the gradient of the loss; default: that step. */
  readonly update?: UpdateMaker;
}

/** Makes an update of one's own from a phase's settings, such as one that looks a step ahead on a copy of the state. */
export interface UpdateMaker {
  /** Settings as plain data, recorded in checkpoints. */
  readonly config: Json;
  /** Splits of which it gets a batch too, after that of the phase's own. */
  readonly splits?: readonly string[];
  compile(engine: Engine, objective: Objective, options: StepOptions): Promise<CompiledUpdate>;
}

/** What a phase does with its batches. */
export interface CompiledUpdate {
  readonly spec: StateSpec;
  readonly trained: readonly string[];
  /**
   * @param rates `learningRate`, and `averageDecay` with averages
   * @param feeds further inputs
   * @returns `loss` and what else is to be reported
   */
  run(state: State, batches: readonly Feeds[], rates: Feeds, feeds: Feeds): Promise<Record<string, number>>;
  dispose(): Promise<void>;
}

export interface PhaseResult {
  /** `loss`, the objective's metrics, `gradientNorm`: means over accumulated batches. */
  readonly outputs: Record<string, number>;
  readonly learningRate: number;
}

export interface CompiledPhase {
  readonly name: string;
  readonly spec: StateSpec;
  readonly trained: readonly string[];
  readonly averages: boolean;
  /** Settings as plain data. */
  readonly config: Json;
  /** The batches that a step takes; none if the phase does not take part. */
  requests(step: number): readonly BatchRequest[];
  run(state: State, step: number, batches: readonly Feeds[]): Promise<PhaseResult>;
  dispose(): Promise<void>;
}

/** Builds and compiles a phase's programs. @param collective of a data-parallel training */
export async function compilePhase(
  engine: Engine,
  objective: Objective,
  phase: Phase,
  collective?: Collective,
): Promise<CompiledPhase> {
  const { name = 'train', split = 'train', accumulate = 1, average, when = () => true } = phase;
  const options: StepOptions = { ...phase, average: average !== undefined };
  const { update } = phase;
  check(!update || accumulate === 1, 'attribute', () => ({
    rule: "a phase with an update of its own doesn't accumulate batches",
    received: `accumulate ${accumulate}`,
    where: name,
  }));
  const parallel = collective && collective.size > 1 ? collective : undefined;
  check(!update || !parallel, 'unsupported', () => ({
    rule: 'a phase with an update of its own runs in one process',
    received: `${parallel!.size} processes`,
    limit: "the optimizer's own step (a first-order search), or one process",
    where: name,
  }));
  const compiled = update
    ? await update.compile(engine, objective, options)
    : parallel
      ? await compileDataParallel(engine, objective, options, accumulate, parallel)
      : accumulate > 1
        ? await compileAccumulation(engine, objective, options, accumulate)
        : await compileStep(engine, objective, options);
  return {
    name,
    spec: compiled.spec,
    trained: compiled.trained,
    averages: average !== undefined,
    config: toJson({
      name,
      split,
      optimizer: phase.optimizer.config,
      rules: phase.rules ?? [],
      clipNorm: phase.clipNorm,
      accumulate,
      average,
      slots: phase.slots,
      statistics: phase.statistics,
      update: update?.config,
    }),
    requests: (step) => {
      if (!when(step)) return [];
      const own = Array.from({ length: accumulate }, (_, i) => ({ split, index: step * accumulate + i }));
      return [...own, ...(update?.splits ?? []).map((other) => ({ split: other, index: step }))];
    },
    run: async (state, step, batches) => {
      const learningRate = phase.learningRate(step);
      const rates = {
        learningRate: scalarFeed(learningRate),
        ...(average && { averageDecay: scalarFeed(averageDecay(average, step)) }),
      };
      return { outputs: await compiled.run(state, batches, rates, phase.feeds?.(step) ?? {}), learningRate };
    },
    dispose: compiled.dispose,
  };
}

async function compileStep(engine: Engine, objective: Objective, options: StepOptions): Promise<CompiledUpdate> {
  const { program, spec, trained } = trainingStep(objective, options);
  const executable = await engine.compile(program);
  return {
    spec,
    trained,
    run: (state, batches, rates, feeds) => runScalars(executable, state, { ...batches[0], ...feeds, ...rates }),
    dispose: () => executable.dispose(),
  };
}

async function compileAccumulation(
  engine: Engine,
  objective: Objective,
  options: StepOptions,
  count: number,
): Promise<CompiledUpdate> {
  const { accumulate, apply, spec, trained } = accumulationSteps(objective, { ...options, count });
  const [adding, applying] = [await engine.compile(accumulate), await engine.compile(apply)];
  return {
    spec,
    trained,
    run: async (state, batches, rates, feeds) => {
      const sums: Record<string, number> = {};
      for (const [i, batch] of batches.entries()) {
        const outputs = await runScalars(adding, state, { ...batch, ...feeds, keep: scalarFeed(i === 0 ? 0 : 1) });
        for (const [name, value] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + value / count;
      }
      return { ...sums, ...(await runScalars(applying, state, { ...feeds, ...rates })) };
    },
    dispose: async () => {
      await adding.dispose();
      await applying.dispose();
    },
  };
}

async function runScalars(executable: Executable, state: State, feeds: Feeds): Promise<Record<string, number>> {
  const outputs = await executable.run(state, feedsOf(executable, feeds));
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data[0]!]));
}
