import { packageProject } from '../../vitest.shared.js';

export default packageProject('engine', { isolate: true });
