export { type PackageLoader, TFJS_BACKENDS, type TfjsBackend } from './backends.js';
export * from './engine.js';
