import { check, mergeSpecs, type State, type StateSpec, type TensorData } from '@nats/graph';
import { type Json, toJson } from '../json.js';
import { averagedValues } from '../programs/average.js';
import { checkEvaluation, checkSplit, createAveragedState } from './evaluate.js';
import type { TrainingEvent } from './events.js';
import type { TrainingOptions } from './options.js';
import { type CompiledPhase, compilePhase } from './phase.js';
import type { PreparedTraining } from './prepared.js';
import { createProgramCache } from './program-cache.js';
import { runEvents } from './run.js';
import { startState } from './start-state.js';

/** A training that can be run, stopped and resumed. */
export interface Training {
  readonly spec: StateSpec;
  readonly state: State;
  /** Steps done. */
  readonly step: number;
  /**
   * Runs the training and tells what happens; a step is made only when the caller asks for the next event. After `signal`
   * aborts, the step under way is the last one: a checkpoint is written and the events end. Another call continues.
   * @throws NotFiniteError if the loss, the gradients' norm or a value to be saved is not finite; CheckpointWriteError
   */
  events(options?: { readonly signal?: AbortSignal }): AsyncGenerator<TrainingEvent, void, void>;
  /** The model's parameters and statistics; by default with moving averages in their place if a phase keeps them. */
  values(options?: { readonly averaged?: boolean }): Promise<Map<string, TensorData>>;
  /** Frees the state and all compiled programs. The engine and the objective are the caller's. */
  dispose(): Promise<void>;
}

/**
 * Prepares a training: builds and compiles its programs, and makes a state or reads it from a checkpoint.
 * @throws NatsError `attribute` or `name` for contradicting options; `state` if a new training would replace a
 * checkpoint; CheckpointError if a checkpoint can not be continued from
 */
export async function createTraining(options: TrainingOptions): Promise<Training> {
  checkOptions(options);
  const { engine, objective } = options;
  const cache = createProgramCache(engine);
  const phases: CompiledPhase[] = [];
  try {
    for (const phase of options.phases) phases.push(await compilePhase(engine, objective, phase, options.collective));
    const spec = mergeSpecs(...phases.map((phase) => phase.spec));
    const config = configOf(options, phases);
    const { state, resumed, warnings } = await startState(spec, options, config);
    const progress = {
      step: resumed?.info.step ?? 0,
      best: resumed?.info.best,
      evaluated: resumed?.info.evaluated,
      saved: resumed && { step: resumed.info.step, path: resumed.path },
      failure: undefined,
    };
    const averaged = createAveragedState(engine, state);
    return trainingOf({ options, phases, spec, config, state, averaged, cache, warnings, progress });
  } catch (error) {
    await disposeAll([...phases, cache]);
    throw error;
  }
}

function trainingOf(prepared: PreparedTraining): Training {
  const { spec, state, averaged, phases, cache, progress } = prepared;
  return {
    spec,
    state,
    get step() {
      return progress.step;
    },
    events: ({ signal } = {}) => runEvents(prepared, signal),
    values: async ({ averaged: wanted = phases.some(({ averages }) => averages) } = {}) => {
      const values = await state.read();
      return averagedValues(spec, wanted ? values : new Map([...values].filter(([name]) => isOfModel(spec, name))));
    },
    dispose: () => disposeAll([averaged, state, ...phases, cache]),
  };
}

function isOfModel(spec: StateSpec, name: string): boolean {
  return spec.get(name)?.kind !== 'slot';
}

async function disposeAll(disposables: readonly { dispose(): Promise<void> }[]): Promise<void> {
  for (const disposable of disposables) await disposable.dispose();
}

function checkOptions({ objective, steps, phases, evaluation, checkpoints }: TrainingOptions): void {
  const counts = { steps, 'evaluation.every': evaluation?.every, 'checkpoints.every': checkpoints?.every };
  for (const [name, value] of Object.entries(counts)) {
    check(value === undefined || (Number.isInteger(value) && value >= 1), 'attribute', () => ({
      rule: 'a training counts in whole steps, at least one',
      received: String(value),
      where: name,
    }));
  }
  check(phases[0].when === undefined, 'attribute', () => ({
    rule: 'the first phase takes part in every step',
    received: "a 'when'",
    limit: 'put another phase first',
  }));
  const names = phases.map(({ name = 'train' }) => name);
  check(new Set(names).size === names.length, 'name', () => ({
    rule: 'phases have different names',
    received: names.join(', '),
  }));
  for (const { split = 'train' } of phases) checkSplit(objective, split);
  if (evaluation) checkEvaluation(objective, evaluation.split ?? 'test');
}

/** What must be the same when a training is continued. Not `steps`: a training may be prolonged. */
function configOf(
  { objective, seed = 0, config, collective }: TrainingOptions,
  phases: readonly CompiledPhase[],
): Json {
  return toJson({
    objective: objective.name,
    // Of all ranks: among how many processes a batch is divided changes rounding alone.
    batchSize: objective.batchSize * (collective?.size ?? 1),
    data: objective.config,
    seed,
    phases: phases.map((phase) => phase.config),
    config,
  });
}
