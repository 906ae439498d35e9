import { packageProject } from '../../vitest.shared.js';

/** Tests that put others in the place of node:fs or node:path, which modules that are loaded already would not see. */
export const MOCKING = ['src/files/write-atomic.test.ts', 'test/windows.test.ts'];

const { test, ...rest } = packageProject('pipeline-mocks', { isolate: true });

export default { ...rest, test: { ...test, include: MOCKING } };
