import { NatsError } from '@nats/graph';

/** What started this process as one of several. */
export interface Launcher {
  /** Whose variables were found. */
  readonly name: 'Open MPI' | 'MPICH' | 'Slurm (PMIx)' | 'Slurm (PMI)';
  /** Number of processes that were started. */
  readonly size: number;
  /** Which library its processes expect. */
  readonly family: 'openmpi' | 'mpich';
}

/**
 * What `mpirun`, `mpiexec` or `srun` left in the environment, or `undefined` for a process that was started alone.
 * @throws NatsError `unsupported` for tasks of srun that can not find each other: each would train for itself
 */
export function launcherOf(environment: Readonly<Record<string, string | undefined>>): Launcher | undefined {
  const { OMPI_COMM_WORLD_SIZE, PMIX_RANK, PMI_RANK, PMI_SIZE, SLURM_STEP_NUM_TASKS } = environment;
  const tasks = Number(SLURM_STEP_NUM_TASKS ?? 0);
  if (OMPI_COMM_WORLD_SIZE !== undefined)
    return { name: 'Open MPI', size: Number(OMPI_COMM_WORLD_SIZE), family: 'openmpi' };
  if (PMIX_RANK !== undefined && tasks > 0) return { name: 'Slurm (PMIx)', size: tasks, family: 'openmpi' };
  if (PMI_RANK !== undefined) {
    const name = tasks > 0 ? 'Slurm (PMI)' : 'MPICH';
    return { name, size: Number(PMI_SIZE ?? tasks), family: 'mpich' };
  }
  if (tasks > 1) {
    throw new NatsError('unsupported', {
      rule: 'tasks of one training find each other by an MPI interface of Slurm',
      received: `${tasks} tasks of srun without one`,
      limit: 'srun --mpi=pmix (srun --mpi=list shows what there is), or one task with -n 1',
    });
  }
  return undefined;
}
