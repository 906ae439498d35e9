import { NatsError, type TensorData } from '@nats/graph';
import type { Weights } from '../weights.js';
import { EXPECTED_DIFFERENCES, type ExpectedWeight, type MapOptions, mapWeights } from './map-weights.js';
import { literalPattern } from './patterns.js';
import type { WeightReport } from './report.js';

/** How much of a detector a file gives: its backbone, or everything that fits. */
export type WeightScope = 'backbone' | 'detector';

/** Options of `mapDetectorWeights`. */
export interface DetectorMapOptions extends Pick<MapOptions, 'rules' | 'batchNormEpsilon'> {
  /** `auto` (default): the detector if the file has anything of it beside the backbone, with shapes that agree. */
  readonly scope?: 'auto' | WeightScope;
  /** Where the backbone's parameters are in the detector. Default `backbone.body.`, as in torchvision. */
  readonly backbonePrefix?: string;
}

/** A normalization or a bias alone is no part of a detector that anyone would name: at least this many tensors are. */
const LEAST_TENSORS = 2;

/**
 * Finds first weights of a detector in a file: of a classifier, of another detector's backbone, or of the same detector
 * with maybe other classes (torchvision's COCO checkpoints). The backbone has to be there as a whole. Of necks and heads
 * those tensors are taken whose names and shapes agree; the others, such as classifiers of other classes, stay as they were
 * initialized and are in `report.expected`.
 * @param expected all parameters and statistics of the detector, named as torchvision does.
 * @returns tensors by the detector's names, and which scope was taken.
 * @throws NatsError as `mapWeights`; `state` if the scope is `detector` and the file has no more than a backbone.
 */
export function mapDetectorWeights(
  weights: Weights | ReadonlyMap<string, TensorData>,
  expected: ReadonlyMap<string, ExpectedWeight>,
  { scope = 'auto', backbonePrefix = 'backbone.body.', ...options }: DetectorMapOptions = {},
): { tensors: Map<string, TensorData>; report: WeightReport; scope: WeightScope } {
  if (scope !== 'backbone') {
    const inBackbone = `^${literalPattern(backbonePrefix)}`;
    const whole: MapOptions = {
      ...options,
      tolerate: [
        new RegExp(`^(?!${inBackbone.slice(1)})`),
        ...EXPECTED_DIFFERENCES.map(({ source }) => new RegExp(source.replace(/^\^/, inBackbone))),
      ],
    };
    const found = mapWeights(weights, expected, { ...whole, strict: false });
    const beside = [...found.tensors.keys()].filter((name) => !name.startsWith(backbonePrefix));
    if (beside.length >= LEAST_TENSORS) return { ...mapWeights(weights, expected, whole), scope: 'detector' };
    if (scope === 'detector') {
      throw new NatsError('state', {
        rule: 'a file has weights of the detector beside its backbone',
        received: `${beside.length} tensors that fit`,
        limit: "take its backbone (scope 'backbone'), or choose a file of the same detector",
      });
    }
  }
  return { ...mapWeights(weights, expected, { ...options, prefix: backbonePrefix }), scope: 'backbone' };
}
