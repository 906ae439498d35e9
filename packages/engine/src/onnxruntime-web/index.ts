export { type OnnxruntimeWebEngine, type OnnxruntimeWebOptions, onnxruntimeWebEngine } from './engine.js';
