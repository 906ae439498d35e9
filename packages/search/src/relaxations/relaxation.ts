import type { Tensor } from '@nats/graph';
import type { Genotype, SearchableSite, SearchSpace } from '@nats/space';
import type { DilatedConvolution } from './dilated-convolution.js';

/** One searchable convolution, as every relaxation gets it. */
export interface RelaxedLayer {
  readonly site: SearchableSite;
  /** `[N, C, H, W]` */
  readonly x: Tensor;
  /** `[O, C / groups, 3, 3]`, shared by all genotypes. */
  readonly weight: Tensor;
  /** Architecture parameters `[K, G]`. */
  readonly alpha: Tensor;
  /** Dilations, those of the network included. */
  readonly genotypes: readonly Genotype[];
  readonly convolution: DilatedConvolution;
}

/** Builds a layer's output `[N, O, H', W']`. */
export type LayerBuilder = (layer: RelaxedLayer) => Tensor;

/** A way to make the choice of genotypes differentiable: one object in a file, and a line in `supernet.ts`. */
export interface RelaxationKind<R> {
  /** Declares the inputs that its layers share, and gives what builds them. @throws NatsError `attribute` for settings that contradict each other or the space */
  layers(relaxation: R, space: SearchSpace): LayerBuilder;
  /** Whether its layers need what `samplingFeeds` makes. */
  readonly sampled: boolean;
  /** A cheaper relaxation with the same values and gradients of the weights, for steps of the weights; default: itself. */
  forWeights?(relaxation: R): R;
}
