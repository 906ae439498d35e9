import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', 'packages/pipeline/vitest.mocks.config.ts', 'apps/*', 'docs', 'bench'],
    // Vitest's default leaves a core free, which on two cores is one worker.
    maxWorkers: availableParallelism(),
  },
});
