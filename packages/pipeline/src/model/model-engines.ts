import { onnxruntimeProviders } from '@nats/engine';
import type { EngineSettings } from '../config/sections/engine.js';

/** Engines that run an exported file: onnxruntime, on each of its providers. */
export const MODEL_ENGINES: readonly string[] = ['onnxruntime', 'onnxruntime:webgpu', 'onnxruntime:cuda', 'auto'];

/** How an exported file is run. */
export interface ModelRuntime {
  /** Inside an operation. */
  readonly threads: number;
  /** Of onnxruntime, in order of preference; default the CPU. */
  readonly providers?: readonly string[];
}

/** Of a command that has an engine but no config. */
export async function modelRuntime(threads: number, engine = 'onnxruntime'): Promise<ModelRuntime> {
  const providers = await onnxruntimeProviders(engine);
  return { threads, ...(providers && { providers }) };
}

/** Of a config: files are run as what was trained is, or on the CPU where its engine can't run files. */
export async function configRuntime({ name, threads, providers }: EngineSettings): Promise<ModelRuntime> {
  return name === 'onnxruntime' ? { threads, providers } : modelRuntime(threads, name);
}
