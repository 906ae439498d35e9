import { packageBuild } from '../../tsup.shared.js';

export default packageBuild({ nats: 'src/main.ts' }, { sourcesInMaps: true });
