export { type Launcher, launcherOf } from './launcher.js';
export { type MpiCollective, type MpiOptions, mpiCollective } from './mpi-collective.js';
