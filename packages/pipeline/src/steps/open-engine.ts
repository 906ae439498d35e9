import { createEngine, onnxruntimeEngine } from '@nats/engine';
import type { Engine } from '@nats/graph';
import type { EngineSettings } from '../config/sections/engine.js';

/** Loads no other engine than the one that is asked for. @throws NatsError `provider` if it is not installed */
export async function openEngine({ name, threads, providers, fallback }: EngineSettings): Promise<Engine> {
  if (name === 'onnxruntime') return onnxruntimeEngine({ threads, providers, fallback });
  return createEngine(name, { threads, fallback });
}
