import { mergeConfig } from 'vitest/config';
import { packageProject } from '../vitest.shared.js';

// Pages call the built command.
export default mergeConfig(packageProject('docs'), { test: { globalSetup: '../apps/cli/test/build-command.ts' } });
