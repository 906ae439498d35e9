import { type Engine, NatsError } from '@nats/graph';
import { onnxruntimeEngine } from './onnxruntime/engine.js';

/** Options of `createEngine`. */
export interface CreateEngineOptions {
  /** Threads inside an op, where the engine lets one choose. */
  readonly threads?: number;
}

/** What `createEngine` takes; what follows a colon is optional. */
export const ENGINE_NAMES = [
  'onnxruntime[:provider]',
  'onnxruntime-web[:provider]',
  'tfjs[:node-gpu|node|webgpu|wasm|cpu]',
] as const;

/**
 * An engine by name: `onnxruntime`, `onnxruntime:cuda`, `onnxruntime-web`, `tfjs` (its best backend), `tfjs:wasm`, …
 * Only the engine that is asked for is loaded.
 * @throws NatsError `provider` for a name that there is not, or an engine that is not installed
 */
export async function createEngine(name: string, { threads }: CreateEngineOptions = {}): Promise<Engine> {
  const [engine, part] = name.split(/:(.*)/s) as [string, string | undefined];
  const pinned = threads === undefined ? {} : { threads };
  const providers = (last: string) => (part === undefined ? {} : { providers: [...new Set([part, last])] });
  switch (engine) {
    case 'onnxruntime':
      return onnxruntimeEngine({ ...pinned, ...providers('cpu') });
    case 'onnxruntime-web': {
      const { onnxruntimeWebEngine } = await import('./onnxruntime-web/index.js');
      return onnxruntimeWebEngine({ ...pinned, ...providers('wasm') });
    }
    case 'tfjs': {
      const { tfjsEngine } = await import('./tfjs/index.js');
      return tfjsEngine(part === undefined ? {} : { backend: part as 'wasm' });
    }
    default:
      throw new NatsError('provider', {
        rule: 'an engine is one that there is',
        received: `'${name}'`,
        limit: ENGINE_NAMES.join(', '),
      });
  }
}
