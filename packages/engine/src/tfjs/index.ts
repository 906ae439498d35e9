export { type PackageLoader, TFJS_BACKENDS, type TfjsBackend } from './backends.js';
export { type TfjsEngine, type TfjsOptions, tfjsEngine } from './engine.js';
