import { describe, expect, it } from 'vitest';
import { abiOf } from './abi.js';

const without = {
  symbol: (name: string): never => {
    throw new Error(`no ${name}`);
  },
};

describe('abiOf', () => {
  it("takes Open MPI's handles from its symbols", () => {
    const abi = abiOf({ symbol: (name) => `address of ${name}` }, 'Open MPI v5.0.3');
    expect(abi).toMatchObject({
      family: 'openmpi',
      handleType: 'void *',
      sum: 'address of ompi_mpi_op_sum',
      inPlace: 1n,
    });
  });

  it.each(['MPICH Version: 4.0.2', 'Intel(R) MPI Library 2021.9', 'MVAPICH2 2.3.7'])(
    'knows the family of MPICH: %s',
    (version) => {
      expect(abiOf(without, version)).toMatchObject({ family: 'mpich', handleType: 'int', inPlace: -1n });
    },
  );

  it('refuses another interface, naming what it is', () => {
    expect(() => abiOf(without, 'Microsoft MPI 10.1')).toThrow(/Microsoft MPI 10.1/);
  });
});
