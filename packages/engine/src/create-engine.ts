import { type Engine, NatsError } from '@nats/graph';
import { onnxruntimeEngine } from './onnxruntime/engine.js';
import { findAdapter } from './onnxruntime/webgpu/find-adapter.js';
import type { Adapter } from './onnxruntime/webgpu/probe.js';

/** Options of `createEngine`. */
export interface CreateEngineOptions {
  /** Threads inside an op, where the engine lets one choose. */
  readonly threads?: number;
  /** Of onnxruntime: false refuses programs with a node that its first provider has no kernel for. Default true. */
  readonly fallback?: boolean;
}

/** What `createEngine` takes; what follows a colon is optional. */
const ENGINE_NAMES = [
  'auto',
  'onnxruntime[:provider]',
  'onnxruntime-web[:provider]',
  'tfjs[:node-gpu|node|webgpu|wasm|cpu]',
] as const;

/**
 * An engine by name: `onnxruntime`, `onnxruntime:webgpu`, `onnxruntime:cuda`, `onnxruntime-web`, `tfjs` (its best
 * backend), `tfjs:wasm`, … Only the engine that is asked for is loaded. `auto` is `onnxruntime:webgpu` where it finds a
 * GPU (a second or two; only Vulkan says whether it is one), else `onnxruntime`; never an adapter in software.
 * @throws NatsError `provider` for a name that there is not, or an engine that is not installed
 */
export async function createEngine(
  name: string,
  { threads, fallback = true }: CreateEngineOptions = {},
): Promise<Engine> {
  const [engine, part] = name.split(/:(.*)/s) as [string, string | undefined];
  const pinned = threads === undefined ? {} : { threads };
  const providers = (last: string) => (part === undefined ? {} : { providers: [...new Set([part, last])] });
  const native = await onnxruntimeProviders(name);
  if (native) return onnxruntimeEngine({ ...pinned, fallback, providers: native });
  switch (engine) {
    case 'onnxruntime-web': {
      const { onnxruntimeWebEngine } = await import('./onnxruntime-web/index.js');
      return onnxruntimeWebEngine({ ...pinned, ...providers('wasm') });
    }
    case 'tfjs': {
      const { tfjsEngine } = await import('./tfjs/index.js');
      return tfjsEngine(part === undefined ? {} : { backend: part as 'wasm' });
    }
    default:
  }
  throw new NatsError('provider', {
    rule: 'an engine is one that there is',
    received: `'${name}'`,
    limit: ENGINE_NAMES.join(', '),
  });
}

/**
 * Providers of onnxruntime that an engine's name stands for, best first: `onnxruntime`, `onnxruntime:webgpu`, `auto`, …
 * What runs exported files takes them too. Undefined for other engines.
 */
export async function onnxruntimeProviders(name: string): Promise<readonly string[] | undefined> {
  if (name === 'auto') return bestProviders(findAdapter);
  const provider = /^onnxruntime(?::(.*))?$/s.exec(name);
  return provider ? [...new Set([provider[1] ?? 'cpu', 'cpu'])] : undefined;
}

/** Those of `auto`. */
export async function bestProviders(find: () => Promise<Adapter | undefined>): Promise<readonly string[]> {
  const adapter = await find();
  return adapter && !adapter.software ? ['webgpu', 'cpu'] : ['cpu'];
}
