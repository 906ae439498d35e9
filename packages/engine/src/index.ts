export { type CreateEngineOptions, createEngine, onnxruntimeProviders } from './create-engine.js';
export * from './doctor.js';
export { type CpuNode, cudaCpuNodes } from './onnxruntime/cuda/cpu-nodes.js';
export { type OnnxruntimeEngine, type OnnxruntimeOptions, onnxruntimeEngine } from './onnxruntime/engine.js';
export { type NativeOnnxruntime, nativeOnnxruntime } from './onnxruntime/native-module.js';
export { deviceError } from './onnxruntime/webgpu/device-error.js';
export type { Adapter } from './onnxruntime/webgpu/probe.js';
