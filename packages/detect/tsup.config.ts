import { packageBuild } from '../../tsup.shared.js';

export default packageBuild(['src/index.ts', 'src/core.ts', 'src/loader/worker.ts']);
