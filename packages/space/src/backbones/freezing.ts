import type { NormalizationMode } from '@nats/graph';
import type { BackboneConfig } from './registry.js';
import type { BackbonePart } from './stage-name.js';
import { isNorm, stageOf } from './structure.js';

/** Up to where a backbone can be frozen, each with all before it; `none` freezes nothing. */
export const FREEZE_POINTS = ['none', 'stem', 'C2', 'C3', 'C4', 'C5'] as const satisfies readonly (
  | 'none'
  | BackbonePart
)[];
/** Parts of a backbone up to which it may be frozen. */
export type FreezePoint = (typeof FREEZE_POINTS)[number];

/** What of a pretrained backbone stays as it is in a training. */
export interface Freezing {
  /** The last part that stays: `C2` is detectron2's FREEZE_AT 2, and torchvision's three trainable layers. */
  readonly upTo: FreezePoint;
  /** All batch norms keep their statistics, weights and biases, as torchvision's FrozenBatchNorm2d. */
  readonly norms: boolean;
}

/** Path relative to the backbone, or undefined outside it. */
function within(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  return path.startsWith(`${prefix}.`) ? path.slice(prefix.length + 1) : undefined;
}

/**
 * Is this variable of the backbone not to be fitted?
 * @param name full name of a parameter, `backbone.body.layer1.0.conv1.weight`, or of a layer
 * @param prefix the backbone's scope path, `backbone.body`; default: the root
 */
export function isFrozen(config: BackboneConfig, { upTo, norms }: Freezing, name: string, prefix = ''): boolean {
  const relative = within(name, prefix);
  if (relative === undefined) return false;
  const part = stageOf(config, relative);
  if (part === undefined) return false;
  return FREEZE_POINTS.indexOf(part) <= FREEZE_POINTS.indexOf(upTo) || (norms && isNorm(config, relative));
}

/**
 * For `createScope({ normalization })` in training: batch statistics except where frozen, the running ones there.
 * Norms outside the backbone are not frozen.
 */
export function trainingNormalization(
  config: BackboneConfig,
  freezing: Freezing,
  prefix = '',
): (path: string) => NormalizationMode {
  return (path) => (isFrozen(config, freezing, path, prefix) ? 'running' : 'batch');
}
