import { type CanvasSize, type Dataset, letterbox } from '@nats/detect';
import { createScope, input, type Scope } from '@nats/graph';
import { type BackboneConfig, backboneCosts, buildBackbone, effectiveReceptiveFields } from '@nats/space';
import { UsageError } from '../usage-error.js';
import { BACKBONE } from './backbone.js';
import type { StepContext } from './context.js';
import { searchedBackbone } from './task.js';
import { pretrainedWeights } from './weights.js';

/** How many of the objects are larger than what a backbone sees at once. */
export interface ReceptiveCoverage {
  readonly backbone: string;
  /** Sides of the theoretical receptive field, `[vertical, horizontal]`, in pixels of the detector's input. */
  readonly theoretical: readonly [number, number];
  /** Side of the effective one (Luo et al. 2016), in the same pixels; undefined unless there are weights to measure it with. */
  readonly effective?: number;
  /** Share of the objects that are higher or wider than the theoretical field, 0 to 1. */
  readonly largerThanTheoretical: number;
  readonly largerThanEffective?: number;
}

/**
 * Compares a dataset's objects, as large as the detector sees them, with the receptive field of its backbone. Dilations gain
 * where objects are larger than it, and nothing where it covers them (docs/evidence.md). Levels that a pyramid adds on top,
 * and the head, see more than the backbone.
 * @param backbone as far as the detector builds it
 * @param effective side of the backbone's effective field, see `effectiveFieldSide`
 * @returns undefined without objects
 */
export function receptiveCoverage(
  backbone: BackboneConfig,
  inputSize: CanvasSize,
  dataset: Dataset,
  effective?: number,
): ReceptiveCoverage | undefined {
  const sizes = objectSizes(dataset, inputSize);
  if (sizes.length === 0) return undefined;
  const larger = (height: number, width: number) =>
    sizes.filter(([h, w]) => h > height || w > width).length / sizes.length;
  const { receptiveField: theoretical } = backboneCosts(backbone, { size: inputSize });
  const coverage = { backbone: backbone.name, theoretical, largerThanTheoretical: larger(...theoretical) };
  return effective === undefined
    ? coverage
    : { ...coverage, effective, largerThanEffective: larger(effective, effective) };
}

/**
 * Side of the effective receptive field (Luo et al. 2016) of the last map of a config's backbone, in pixels, with the
 * weights that the config names, on normal noise.
 * @throws UsageError without `weights.file`
 */
export async function effectiveFieldSide(context: StepContext): Promise<number> {
  const { config, engine } = context;
  if (config.weights.file === undefined) {
    throw new UsageError('an effective receptive field is that of weights: set weights.file');
  }
  const backbone = searchedBackbone(config);
  const { spec } = backboneScope(backbone);
  const weights = await pretrainedWeights({ ...config.weights, scope: 'backbone' }, spec, context);
  const fields = await effectiveReceptiveFields(engine, backbone, { values: weights, prefix: BACKBONE });
  return Math.max(...[...fields.values()].map(({ side }) => side));
}

/** A backbone's variables under the names that they have in a detector. */
function backboneScope(backbone: BackboneConfig): Scope {
  const scope = createScope();
  const place = BACKBONE.split('.').reduce((at, part) => at.child(part), scope);
  buildBackbone(place, input('x', 'float32', [1, backbone.inputChannels, 64, 64]), backbone);
  return scope;
}

/** Height and width of every object that counts, in pixels of the letterboxed image. */
function objectSizes({ records }: Dataset, inputSize: CanvasSize): [number, number][] {
  return records.flatMap((record) => {
    const { scaleX, scaleY } = letterbox(record, inputSize);
    return record.objects
      .filter(({ crowd = false }) => !crowd)
      .map(({ box: [x1, y1, x2, y2] }): [number, number] => [(y2 - y1) * scaleY, (x2 - x1) * scaleX]);
  });
}

/** Share of larger objects from which a search is worth its time (our choice). */
const WORTH_IT = 0.1;

/** In words, for those who wonder whether to search. */
export function coverageText({
  backbone,
  theoretical: [height, width],
  effective,
  largerThanTheoretical,
  largerThanEffective,
}: ReceptiveCoverage): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const decisive = largerThanEffective ?? largerThanTheoretical;
  const verdict =
    decisive >= WORTH_IT
      ? 'a search may pay'
      : effective === undefined
        ? 'the effective field of pretrained weights is smaller (--effective measures it)'
        : 'a search is not likely to pay';
  return [
    `objects larger than the receptive field of ${backbone} (${height} x ${width} pixels): ${percent(largerThanTheoretical)}`,
    ...(effective === undefined
      ? []
      : [`than its effective one (${effective.toFixed(0)} pixels): ${percent(largerThanEffective!)}`]),
    verdict,
  ].join('; ');
}
