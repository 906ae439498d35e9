import { defineProject } from 'vitest/config';

/** Ten minutes, in milliseconds: more than the slowest test needs on a busy machine. */
const HANG = 600_000;

/**
 * Every package is tested from its sources: the `@nats/source` condition of the packages' `exports` points there.
 * @param options.isolate a process for each test file: for those that load native engines, or change what a process has once.
 *   Others share one, which imports the packages once instead of once a file.
 */
export function packageProject(name: string, { isolate = false }: { isolate?: boolean } = {}) {
  return defineProject({
    resolve: { conditions: ['@nats/source'] },
    ssr: { resolve: { conditions: ['@nats/source'] } },
    test: {
      name,
      environment: 'node',
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      // onnxruntime sessions are native and not thread-safe across worker threads (onnxruntime#24486): use processes.
      pool: 'forks',
      isolate,
      // For a test that hangs; no test is about time.
      testTimeout: HANG,
      hookTimeout: HANG,
    },
  });
}
