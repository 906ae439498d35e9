export { type CreateEngineOptions, createEngine, ENGINE_NAMES } from './create-engine.js';
export * from './doctor.js';
export { type OnnxruntimeEngine, type OnnxruntimeOptions, onnxruntimeEngine } from './onnxruntime/engine.js';
