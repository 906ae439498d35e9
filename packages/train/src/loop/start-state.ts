import { join } from 'node:path';
import { checkStateValues, type Engine, initialize, NatsError, type State, type StateSpec } from '@nats/graph';
import { hasCheckpoint, loadCheckpoint } from '../checkpoint/checkpoint.js';
import { CheckpointError } from '../checkpoint/errors.js';
import type { CheckpointInfo } from '../checkpoint/manifest.js';
import { type Json, jsonDifferences } from '../json.js';
import { initialAverages } from '../programs/average.js';
import type { CheckpointOptions, TrainingOptions } from './options.js';

export interface StartState {
  readonly state: State;
  /** Undefined for a new training. */
  readonly resumed?: { readonly info: CheckpointInfo; readonly path: string };
  readonly warnings: readonly string[];
}

/** The state that a training begins with: of its checkpoint, or a new one. */
export async function startState(spec: StateSpec, options: TrainingOptions, config: Json): Promise<StartState> {
  const { engine, checkpoints } = options;
  if (checkpoints && (await continues(checkpoints))) return resume(engine, spec, checkpoints, config);
  const initial = options.initial ?? new Map();
  const values = new Map([...initialize(spec, options.seed ?? 0), ...initial]);
  const averages = initialAverages(spec, values, new Set(initial.keys()));
  return { state: await engine.createState(spec, new Map([...values, ...averages])), warnings: [] };
}

async function continues({ directory, resume = 'never', files }: CheckpointOptions): Promise<boolean> {
  if (resume === 'always') return true;
  const present = await hasCheckpoint(directory, 'last', files);
  if (present && resume === 'never') {
    throw new NatsError('state', {
      rule: 'a new training does not replace the checkpoints of another one',
      received: 'a directory with a checkpoint',
      limit: "continue it (resume: 'if-present') or choose another directory",
      where: directory,
    });
  }
  return present;
}

async function resume(
  engine: Engine,
  spec: StateSpec,
  { directory, files }: CheckpointOptions,
  config: Json,
): Promise<StartState> {
  const { values, ...info } = await loadCheckpoint(directory, 'last', files);
  const path = join(directory, 'last.json');
  const different = jsonDifferences(info.config, config);
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
        limit: 'use the network and optimiser that wrote it, or start a new training in another directory',
      },
      { cause },
    );
  }
  const changes = jsonDifferences(info.engine, engine.fingerprint);
  const warnings = changes.map(
    (change) => `the checkpoint was written by another engine (${change}): results can differ in their last bits`,
  );
  return { state: await engine.createState(spec, values), resumed: { info, path }, warnings };
}
