import { checkStateValues, type Engine, initialize, NatsError, type State, type StateSpec } from '@nats/graph';
import type { Checkpoint, CheckpointInfo, CheckpointStore } from '../checkpoint/checkpoint.js';
import { CheckpointError } from '../checkpoint/errors.js';
import { type Json, jsonDifferences, toJson } from '../json.js';
import { initialAverages } from '../programs/average.js';
import type { CheckpointOptions, TrainingOptions } from './options.js';
import { receiveState, sendState } from './shared-state.js';

export interface StartState {
  readonly state: State;
  /** Undefined for a new training. */
  readonly resumed?: { readonly info: CheckpointInfo; readonly path: string };
  readonly warnings: readonly string[];
}

/** What can change bits: the engine, and among how many processes sums are divided. */
export function fingerprintOf({ engine, collective }: Pick<TrainingOptions, 'engine' | 'collective'>) {
  const { size = 1 } = collective ?? {};
  return size > 1 ? { ...engine.fingerprint, processes: size } : engine.fingerprint;
}

/** The state that a training begins with: of its checkpoint, or a new one. Ranks have that of rank 0. */
export async function startState(spec: StateSpec, options: TrainingOptions, config: Json): Promise<StartState> {
  const { collective } = options;
  if (!collective || collective.size === 1) return ownState(spec, options, config);
  if (collective.rank > 0) return receiveState(spec, options.engine, collective);
  try {
    const start = await ownState(spec, options, config);
    await sendState(start, collective);
    return start;
  } catch (error) {
    collective.abort(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

async function ownState(spec: StateSpec, options: TrainingOptions, config: Json): Promise<StartState> {
  const { engine, checkpoints } = options;
  if (checkpoints && (await continues(checkpoints))) return resume(options, spec, checkpoints, config);
  const initial = options.initial ?? new Map();
  const values = new Map([...initialize(spec, options.seed ?? 0), ...initial]);
  const averages = initialAverages(spec, values, new Set(initial.keys()));
  const remains = await checkpoints?.store.remains?.();
  return {
    state: await engine.createState(spec, new Map([...values, ...averages])),
    warnings: [
      ...(remains === undefined ? [] : [startsAnew(checkpoints!, remains)]),
      ...randomWeights(initial, options.pretrained),
    ],
  };
}

/** What settings made for pretrained weights have to say of random ones. */
function randomWeights(initial: ReadonlyMap<string, unknown>, prefix: string | undefined): string[] {
  if (prefix === undefined || [...initial.keys()].some((name) => name.startsWith(prefix))) return [];
  return [
    `no initial value for any of ${prefix}*, which these settings take as pretrained: it begins with random weights, at learning rates meant for pretrained ones`,
  ];
}

function startsAnew({ store }: CheckpointOptions, remains: string): string {
  return `${store.placeOf('last')}: no such file, though there are tensors of a checkpoint (${remains}); the training starts anew at step 0`;
}

async function continues({ store, resume = 'never' }: CheckpointOptions): Promise<boolean> {
  if (resume === 'always') return true;
  const present = await store.has('last');
  if (present && resume === 'never') {
    throw new NatsError('state', {
      rule: 'a new training does not replace the checkpoints of another one',
      received: 'a checkpoint',
      limit: "continue it (resume: 'if-present') or choose another directory",
      where: store.place,
    });
  }
  return present;
}

async function resume(
  options: TrainingOptions,
  spec: StateSpec,
  { store, prolong = false }: CheckpointOptions,
  config: Json,
): Promise<StartState> {
  const { checkpoint, fallback } = await loadLast(store);
  const { values, ...info } = checkpoint;
  const path = store.placeOf('last');
  const compared = prolong ? withoutSteps : (settings: Json) => settings;
  const different = jsonDifferences(compared(info.config), compared(config));
  if (different.length > 0) {
    throw new CheckpointError('config', path, {
      rule: 'a training continues with the settings that it began with',
      received: different.join('; '),
      limit: 'restore these settings, or start a new training in another directory',
    });
  }
  try {
    checkStateValues(spec, values, true);
  } catch (cause) {
    if (!(cause instanceof NatsError)) throw cause;
    throw new CheckpointError(
      'state',
      path,
      {
        rule: 'a checkpoint holds exactly the variables of the training that continues from it',
        received: cause.message,
        limit: 'use the network and optimizer that wrote it, or start a new training in another directory',
      },
      { cause },
    );
  }
  const warnings = [...fallback, ...engineChanges(info.engine, fingerprintOf(options))];
  return { state: await options.engine.createState(spec, values), resumed: { info, path }, warnings };
}

/** Settings without what recipes derive from the number of steps. */
function withoutSteps(settings: Json): Json {
  const { config: _, phases, ...others } = settings as { config?: Json; phases?: readonly { average?: Json }[] };
  return toJson({ ...others, phases: phases?.map(({ average, ...phase }) => phase) });
}

/** The last checkpoint or, if it is damaged or lost, the one before it, with a warning. */
async function loadLast(store: CheckpointStore): Promise<{ checkpoint: Checkpoint; fallback: readonly string[] }> {
  try {
    return { checkpoint: await store.load('last'), fallback: [] };
  } catch (error) {
    const isLost = error instanceof CheckpointError && (error.problem === 'damaged' || error.problem === 'missing');
    if (!isLost || !store.loadPrevious) throw error;
    // If there is no earlier one either, the first error tells more.
    const checkpoint = await store.loadPrevious().catch(() => {
      throw error;
    });
    const { received } = error.details;
    const warning = `${error.path}: the last checkpoint is ${error.problem} (${received}); the training goes on from the one before it, of step ${checkpoint.step}`;
    return { checkpoint, fallback: [warning] };
  }
}

/** What a checkpoint's engine has to do with results from here on, in words. */
function engineChanges(before: Engine['fingerprint'], now: Engine['fingerprint']): string[] {
  if (before.engine !== now.engine) {
    const [from, to] = [before, now].map(({ engine, backend, version }) =>
      [engine, backend, version].filter((part) => part !== undefined).join(' '),
    );
    return [
      `the checkpoint was written with ${from}, and the training goes on with ${to}: from here on its numbers differ from those of one engine, first in their last bits`,
    ];
  }
  return jsonDifferences(before, now).map(
    (change) => `the checkpoint was written by another engine (${change}): results can differ in their last bits`,
  );
}
