import type { TensorData } from '@nats/graph';
import type { Json } from '../json.js';

/** The best evaluation so far. */
export interface BestResult {
  readonly step: number;
  readonly metric: string;
  readonly value: number;
}

/** What a checkpoint says beside its tensors. */
export interface CheckpointInfo {
  /** Steps done. */
  readonly step: number;
  /** Random state: all random numbers of a training are functions of seed and step. */
  readonly seed: number;
  /** Settings that a continued training must share. */
  readonly config: Json;
  /** Fingerprint of the engine. */
  readonly engine: Readonly<Record<string, string | number>>;
  readonly best?: BestResult;
  /** Step of the last evaluation. */
  readonly evaluated?: number;
}

/** A training at a step, from which it goes on bit for bit. */
export interface Checkpoint extends CheckpointInfo {
  /** All of a state: parameters, statistics, slots. */
  readonly values: ReadonlyMap<string, TensorData>;
}

/**
 * Where a training keeps its checkpoints, each under a name (`last`, `best`). `checkpointDirectory` keeps them as files;
 * one of your own may use whatever the platform has, such as a browser's IndexedDB. Floats are kept as float32, bit for bit.
 */
export interface CheckpointStore {
  /** Where that is, for messages. */
  readonly place: string;
  /** Where the checkpoint of a name is, for messages. */
  placeOf(name: string): string;
  /** Whether there is a checkpoint of this name or an earlier generation of it, readable or not. */
  has(name: string): Promise<boolean>;
  /** @throws CheckpointError `missing`, `damaged` or `version` */
  load(name: string): Promise<Checkpoint>;
  /**
   * The generation of `last` before the present one, for a training whose `last` is damaged or lost; what is saved next then
   * leaves it in place. Stores that keep one generation lack this.
   * @throws CheckpointError `missing`, `damaged` or `version`
   */
  loadPrevious?(): Promise<Checkpoint>;
  /** What is left of checkpoints of which none can be named any more, for a warning; undefined for nothing. */
  remains?(): Promise<string | undefined>;
  /**
   * Keeps a checkpoint under one or more names, in the place of those before. Whole or not at all: if it fails, the ones
   * before can still be loaded.
   */
  save(names: readonly string[], checkpoint: Checkpoint): Promise<void>;
}
