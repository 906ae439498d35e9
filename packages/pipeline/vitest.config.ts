import { configDefaults, mergeConfig } from 'vitest/config';
import { packageProject } from '../../vitest.shared.js';
import { MOCKING } from './vitest.mocks.config.js';

export default mergeConfig(packageProject('pipeline'), { test: { exclude: [...configDefaults.exclude, ...MOCKING] } });
