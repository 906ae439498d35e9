import { mergeConfig } from 'vitest/config';
import { packageProject } from '../../vitest.shared.js';

// Tests call the built command; building what is fresh takes a second.
export default mergeConfig(packageProject('cli', { isolate: true }), {
  test: { globalSetup: './test/build-command.ts' },
});
