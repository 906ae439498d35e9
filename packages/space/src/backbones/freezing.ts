import type { NormalizationMode } from '@nats/graph';

/** What of a pretrained backbone stays as it is in a training. */
export interface Freezing {
  /** 0 nothing, 1 the stem, 2 also layer1, … 5 all (detectron2's FREEZE_AT; 5 minus torchvision's trainable layers). */
  readonly stages: number;
  /** All batch norms keep their statistics, weights and biases, as torchvision's FrozenBatchNorm2d. */
  readonly norms: boolean;
}

/** Path relative to the backbone, or undefined outside it. */
function within(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  return path.startsWith(`${prefix}.`) ? path.slice(prefix.length + 1) : undefined;
}

function inFrozenStage(relative: string, stages: number): boolean {
  const [head] = relative.split('.') as [string];
  if (head === 'conv1' || head === 'bn1') return stages >= 1;
  const layer = /^layer(\d+)$/.exec(head);
  return layer !== null && Number(layer[1]) < stages;
}

function isNorm(relative: string): boolean {
  return /(^|\.)(bn\d+|downsample\.1)(\.|$)/.test(relative);
}

/**
 * Is this variable of the backbone not to be fitted?
 * @param name full name of a parameter, `backbone.body.layer1.0.conv1.weight`
 * @param prefix the backbone's scope path, `backbone.body`; default: the root
 */
export function isFrozen(freezing: Freezing, name: string, prefix = ''): boolean {
  const relative = within(name, prefix);
  if (relative === undefined) return false;
  return inFrozenStage(relative, freezing.stages) || (freezing.norms && isNorm(relative));
}

/**
 * For `createScope({ normalization })` in training: batch statistics except where frozen, the running ones there.
 * Norms outside the backbone are not frozen.
 */
export function trainingNormalization(freezing: Freezing, prefix = ''): (path: string) => NormalizationMode {
  return (path) => (isFrozen(freezing, path, prefix) ? 'running' : 'batch');
}
