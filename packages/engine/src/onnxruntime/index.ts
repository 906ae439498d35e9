export { type OnnxruntimeEngine, type OnnxruntimeOptions, onnxruntimeEngine } from './engine.js';
