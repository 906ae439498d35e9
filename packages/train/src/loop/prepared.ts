import type { State, StateSpec } from '@nats/graph';
import type { BestResult } from '../checkpoint/checkpoint.js';
import type { Json } from '../json.js';
import type { AveragedState } from './evaluate.js';
import type { NotFiniteError } from './not-finite.js';
import type { TrainingOptions } from './options.js';
import type { CompiledPhase } from './phase.js';
import type { ProgramCache } from './program-cache.js';

/** A training that is ready to run, and how far it is. */
export interface PreparedTraining {
  readonly options: TrainingOptions;
  readonly phases: readonly CompiledPhase[];
  readonly spec: StateSpec;
  readonly config: Json;
  readonly state: State;
  readonly averaged: AveragedState;
  readonly cache: ProgramCache;
  /** Told once, at the start. */
  readonly warnings: readonly string[];
  readonly progress: Progress;
}

export interface Progress {
  /** Steps done. */
  step: number;
  best: BestResult | undefined;
  /** Step of the last evaluation. */
  evaluated: number | undefined;
  /** Step and file of the last checkpoint `last`. */
  saved: { readonly step: number; readonly path: string } | undefined;
  /** Why the state can not be trained further. */
  failure: NotFiniteError | undefined;
}
