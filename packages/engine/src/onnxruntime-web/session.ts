import { encodeProgram, type Lowerings } from '@nats/export';
import { NatsError, type Program } from '@nats/graph';
import type { InferenceSession } from 'onnxruntime-common';
import type { Session, Tensors } from '../onnx-session/session.js';
import type { OnnxruntimeWeb } from './module.js';

export interface SessionSettings {
  readonly providers: readonly string[];
  readonly lowerings: Lowerings;
}

/** WebAssembly is entered by one session at a time, whatever their states. */
let last: Promise<unknown> = Promise.resolve();

export function alone<T>(action: () => Promise<T>): Promise<T> {
  const result = last.then(action);
  last = result.catch(() => undefined);
  return result;
}

/** @throws NatsError `provider` */
export async function openSession(
  module: OnnxruntimeWeb,
  program: Program,
  { providers, lowerings }: SessionSettings,
): Promise<Session> {
  const bytes = encodeProgram(program, { lowerings });
  const session = await alone(() => createSession(module, bytes, providers));
  return {
    run: (feeds) => alone(async () => (await session.run(feeds)) as Tensors),
    writesInPlace: false,
    release: () => alone(() => session.release()),
  };
}

async function createSession(
  module: OnnxruntimeWeb,
  bytes: Uint8Array,
  providers: readonly string[],
): Promise<InferenceSession> {
  try {
    return await module.InferenceSession.create(bytes, {
      executionProviders: providers,
      graphOptimizationLevel: 'all',
      executionMode: 'sequential',
      enableMemPattern: false,
      logSeverityLevel: 3,
    });
  } catch (cause) {
    const text = String(cause instanceof Error ? cause.message : cause);
    if (!/backend|provider|webgpu|adapter/i.test(text)) throw cause;
    throw new NatsError(
      'provider',
      { rule: 'an execution provider is one that runs here', received: providers.join(), limit: text },
      { cause },
    );
  }
}
