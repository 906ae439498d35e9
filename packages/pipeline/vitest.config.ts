import { packageProject } from '../../vitest.shared.js';

export default packageProject('pipeline', { isolate: true });
