/** Weights by name: needs Node and, for what is not in the cache, a network. */
export { weightCacheFolder } from './cache-folder.js';
export { KNOWN_WEIGHTS, type KnownWeights, knownWeights, type Preprocessing } from './catalog.js';
export { DownloadError } from './download-error.js';
export { type FetchedWeights, type FetchOptions, fetchWeights, placeOfWeights } from './fetch-weights.js';
export { isWeightName } from './is-weight-name.js';
export type { Servers } from './remote.js';
export type { DownloadProgress } from './transfer-file.js';
export { type CachedWeights, cachedWeights, type VerifiedWeights, verifyWeights } from './verify-weights.js';
