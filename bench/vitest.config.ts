import { mergeConfig } from 'vitest/config';
import { packageProject } from '../vitest.shared.js';

export default mergeConfig(packageProject('bench'), { test: { include: ['{fuzz,evidence}/*.test.ts'] } });
