import type { Lowerings } from '@nats/export';
import type { InferenceSession } from 'onnxruntime-common';

export interface SessionSettings {
  readonly threads: number;
  readonly providers: readonly string[];
  readonly profile?: string;
  /** Whether nodes without a kernel of the first provider may be computed on the CPU; default true. */
  readonly fallback?: boolean;
  /** Instead of the engine's own, by op. */
  readonly lowerings?: Lowerings;
}

/** The one place that says how sessions are made. */
export function sessionOptions({
  threads,
  providers,
  profile,
  fallback = true,
}: SessionSettings): InferenceSession.SessionOptions {
  return {
    executionProviders: providers,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // A planned block comes on top of what the first run took from the arena: 30 % more memory, and not faster.
    enableMemPattern: false,
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    // Spinning threads take the cores that decode images.
    extra: {
      session: { intra_op: { allow_spinning: '0' }, ...(!fallback && { disable_cpu_ep_fallback: '1' }) },
    },
  };
}
