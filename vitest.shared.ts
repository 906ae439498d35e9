import { defineProject } from 'vitest/config';

/** Every package is tested from its sources: the `@nats/source` condition of the packages' `exports` points there. */
export function packageProject(name: string) {
  return defineProject({
    resolve: { conditions: ['@nats/source'] },
    ssr: { resolve: { conditions: ['@nats/source'] } },
    test: {
      name,
      environment: 'node',
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      // onnxruntime sessions are native and not thread-safe across worker threads (onnxruntime#24486): use processes.
      pool: 'forks',
      testTimeout: 0,
      hookTimeout: 0,
    },
  });
}
