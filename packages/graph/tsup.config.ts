import { packageBuild } from '../../tsup.shared.js';

export default packageBuild(['src/index.ts', 'src/schema/index.ts', 'src/testing/index.ts', 'src/testing/vitest.ts']);
