import { check } from '@nats/graph';
import type { StageName } from '@nats/space';
import { type AllGenotypesOptions, allGenotypesConvolution, type WeighedPart } from './all-genotypes.js';
import { exactConvolution } from './exact.js';
import { gdasConvolution } from './gdas.js';
import { mixture } from './mixture.js';
import type { RelaxationKind } from './relaxation.js';
import { samplingInputs } from './sampling.js';

/** One genotype for each channel group and step: needs the inputs that `samplingFeeds` makes. */
export interface SampledRelaxation {
  readonly kind: 'sampled';
  /**
   * How the architecture's gradient is estimated:
   * - `gdas` (default): through the drawn genotype's probability alone (Dong and Yang 2019).
   * - `straight-through`, `reinmax`: from the first-order effect of all genotypes on a part of the batch, see
   *   `allGenotypesConvolution`.
   */
  readonly estimator?: 'gdas' | AllGenotypesOptions['estimator'];
  /** Images of a batch on which all genotypes are weighed, 1 or more; default an eighth of it. Not for `gdas`. */
  readonly images?: number;
  /** Weighs them on one of so many strips of rows of every image instead, drawn anew for each layer and step. Not for `gdas`. */
  readonly strips?: number;
  /** Stages whose convolutions are relaxed exactly, such as the last one; default none. */
  readonly exactStages?: readonly StageName[];
}

/** Draws one genotype for each channel group and step. */
export const sampled: RelaxationKind<SampledRelaxation> = {
  sampled: true,
  layers: (relaxation, space) => {
    checkSampled(relaxation);
    const { estimator = 'gdas', images, strips, exactStages = [] } = relaxation;
    const unknown = exactStages.find((stage) => !space.sites.some((site) => site.stage === stage));
    check(unknown === undefined, 'name', () => ({
      rule: 'stages that are relaxed exactly have convolutions in the space',
      received: `'${unknown}'`,
      limit: [...new Set(space.sites.map(({ stage }) => stage))].join(', '),
    }));
    const inputs = samplingInputs(space);
    const part: WeighedPart = strips !== undefined ? { strips } : images !== undefined ? { images } : {};
    return (layer) => {
      const { x, weight, alpha, genotypes, convolution, site } = layer;
      if (exactStages.includes(site.stage)) return exactConvolution(x, weight, mixture(alpha), genotypes, convolution);
      const own = inputs.get(site.name)!;
      return estimator === 'gdas'
        ? gdasConvolution(layer, own)
        : allGenotypesConvolution(layer, own, { estimator, part });
    };
  },
  // Steps of the weights have no use for the architecture's gradient, and draw alike without it.
  forWeights: ({ kind, exactStages }) => ({ kind, ...(exactStages && { exactStages }) }),
};

function checkSampled({ estimator = 'gdas', images, strips }: SampledRelaxation): void {
  for (const [name, value] of Object.entries({ images, strips })) {
    check(value === undefined || estimator !== 'gdas', 'attribute', () => ({
      rule: `GDAS looks at the drawn genotypes alone, so that no ${name} are set apart to weigh the others`,
      received: `${name} ${value} with the estimator 'gdas'`,
      limit: `the estimator 'straight-through' or 'reinmax', or no ${name}`,
    }));
    check(value === undefined || (Number.isInteger(value) && value >= 1), 'attribute', () => ({
      rule:
        name === 'images'
          ? 'all genotypes are weighed on some images of a batch'
          : 'all genotypes are weighed on one of some strips of rows',
      received: `${name} ${value}`,
      limit: 'a whole number of at least 1',
    }));
  }
  check(images === undefined || strips === undefined, 'attribute', () => ({
    rule: 'all genotypes are weighed either on some images or on a strip of rows of all',
    received: `images ${images} and strips ${strips}`,
    limit: 'one of the two',
  }));
}
