export { edoConvolution, edoInitial, edoScheme } from './baselines/edo.js';
export {
  cyclicScheme,
  genotypeIndex,
  type Histogram,
  histogramOf,
  randomScheme,
  restrictedScheme,
  uniformScheme,
} from './baselines/fixed-schemes.js';
export { createRfNextSearch, type RfNextOptions, type RfNextSearch, type RoundEvent } from './baselines/rf-next.js';
export { type BudgetedChoice, type BudgetedSite, COST_STEP, decodeUnderBudget } from './decoders/budget.js';
export { assign, type DecodeOptions, decode } from './decoders/decode.js';
export { type ChannelChoice, contiguous, intensities, type Preferences } from './decoders/preferences.js';
export {
  type Architecture,
  architectureOfEvent,
  decodeScheme,
  intensitiesBySite,
  type LatencyBudget,
  type SchemeDecodeOptions,
} from './loop/architecture.js';
export { expectedLatency } from './loop/expected-latency.js';
export {
  ARCHITECTURE_BETAS,
  type ArchitectureEvent,
  type ArchitectureOptions,
  createSearch,
  type Search,
  type SearchEvent,
  type SearchOptions,
  type WeightOptions,
} from './loop/search.js';
export { supernetObjective } from './loop/supernet-objective.js';
export { exactCosts } from './relaxations/dilated-convolution.js';
export type { ExactForm, ExactRelaxation } from './relaxations/exact.js';
export { mixture, perChannel } from './relaxations/mixture.js';
export type { PartialChannelsRelaxation } from './relaxations/partial-channels.js';
export type { SampledRelaxation } from './relaxations/sampled.js';
export { samplingFeeds } from './relaxations/sampling.js';
export { isArchitecture, type Relaxation, supernetWeights } from './relaxations/supernet.js';
export { averageArchitectures } from './stability/average.js';
