export * from './doctor.js';
export { type OnnxruntimeEngine, type OnnxruntimeOptions, onnxruntimeEngine } from './onnxruntime/engine.js';
