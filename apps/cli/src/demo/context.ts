import type { DetectionDataset } from '@nats/detect';
import type { Engine } from '@nats/graph';
import type { DemoSettings } from './settings.js';

/** What all steps of the demonstration share. */
export interface DemoContext {
  readonly engine: Engine;
  readonly settings: DemoSettings;
  readonly train: DetectionDataset;
  readonly test: DetectionDataset;
  /** Where results are kept. */
  readonly folder: string;
  readonly progress: Progress;
  /** Ends the work; its reason is what is thrown. */
  readonly signal: AbortSignal;
}

/** Tells how it goes. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  /** How far something is; may be shown or not, and replaces the former one. */
  update(text: string): void;
}
