import { describe, expect, it } from 'vitest';
import { launcherOf } from './launcher.js';

describe('launcherOf', () => {
  it('knows what started the process by the variables that it left', () => {
    expect(launcherOf({ OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1' })).toEqual({
      name: 'Open MPI',
      size: 4,
      family: 'openmpi',
    });
    expect(launcherOf({ PMI_RANK: '0', PMI_SIZE: '3' })).toEqual({ name: 'MPICH', size: 3, family: 'mpich' });
    expect(launcherOf({ PMIX_RANK: '0', SLURM_STEP_NUM_TASKS: '2' })).toEqual({
      name: 'Slurm (PMIx)',
      size: 2,
      family: 'openmpi',
    });
    expect(launcherOf({ PMI_RANK: '1', SLURM_STEP_NUM_TASKS: '2' })).toEqual({
      name: 'Slurm (PMI)',
      size: 2,
      family: 'mpich',
    });
  });

  it('takes a process that was started alone for one, also inside an allocation of Slurm', () => {
    expect(launcherOf({})).toBeUndefined();
    expect(launcherOf({ SLURM_JOB_ID: '7', SLURM_NTASKS: '8' })).toBeUndefined();
    expect(launcherOf({ SLURM_STEP_NUM_TASKS: '1' })).toBeUndefined();
  });

  it('refuses tasks of srun that can not find each other', () => {
    expect(() => launcherOf({ SLURM_STEP_NUM_TASKS: '2' })).toThrow(/2 tasks of srun.*--mpi=pmix/);
  });
});
