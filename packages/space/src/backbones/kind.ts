import { check, flatten, globalAveragePool, linear, type Scope, type Tensor } from '@nats/graph';
import type { PixelStatistics } from './pixel-statistics.js';
import type { StageContext } from './site.js';
import { STAGE_NAMES } from './stage-name.js';

/** What every backbone's config has, whatever its kind. Plain data (but for `custom`): it can be stored and compared. */
export interface BackboneBase {
  /** The family, a key of the registry. */
  readonly kind: string;
  /** Of this network; schemes name the backbone that they are for. */
  readonly name: string;
  readonly inputChannels: number;
  /** One to four, finest first; their outputs are C2 to C5. */
  readonly stages: readonly unknown[];
  /** How its input is normalized; default: what the weights of its kind expect. See `inputStatistics`. */
  readonly inputStatistics?: PixelStatistics;
}

/** How one stage is built. */
export interface StagePlan {
  /** Pixels of the input image for one of the stage's output. */
  readonly stride: number;
  /**
   * @param scope the backbone's
   * @param x the output of the stage before, or of the stem
   * @param context to be handed to `searchable` with what the block is
   */
  build(scope: Scope, x: Tensor, context: StageContext): Tensor;
}

/**
 * A family of backbones: how a config of it becomes a network. All else is derived from this: the searchable
 * convolutions, which stage a parameter belongs to, which layers are norms, costs.
 */
export interface BackboneKind<C extends BackboneBase> {
  /** @throws NatsError `attribute` naming the field that breaks a rule */
  check(config: C): void;
  /** The layers before the first stage; `x` is float32 `[N, inputChannels, H, W]`. */
  stem(scope: Scope, x: Tensor, config: C): Tensor;
  /** One for each entry of `config.stages`. */
  stages(config: C): readonly StagePlan[];
  /** Logits `[N, classes]` from the last stage's output. */
  classifier(scope: Scope, features: Tensor, classes: number, config: C): Tensor;
  /** What published weights of this family expect of RGB images. */
  readonly inputStatistics: PixelStatistics;
}

/** Global average pooling and one linear layer, `fc`, as most classifiers have. */
export function pooledLinear(scope: Scope, features: Tensor, classes: number): Tensor {
  const pooled = scope.build(() => flatten(globalAveragePool(features)));
  return linear(scope.child('fc'), pooled, classes);
}

/** @throws NatsError `attribute` */
export function checkStageCount({ name, stages }: BackboneBase): void {
  check(stages.length >= 1 && stages.length <= STAGE_NAMES.length, 'attribute', () => ({
    rule: 'a backbone has one to four stages',
    received: `${stages.length}`,
    where: name,
  }));
}

/** Looks at every number in a backbone's sizes. @throws NatsError `attribute` */
export function checkSizes({ name }: BackboneBase, sizes: Readonly<Record<string, unknown>>): void {
  check(
    numbersIn(sizes).every((size) => Number.isSafeInteger(size) && size >= 1),
    'attribute',
    () => ({
      rule: "a backbone's sizes are whole numbers of at least 1",
      received: JSON.stringify(sizes),
      where: name,
    }),
  );
}

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

/** Of a number of channels: the nearest multiple, or the next one where that would take away more than a tenth. */
export function nearestMultiple(channels: number, of: number): number {
  const nearest = Math.max(of, Math.floor((channels + of / 2) / of) * of);
  return nearest < 0.9 * channels ? nearest + of : nearest;
}
