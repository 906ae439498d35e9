import { NatsError } from '@nats/graph';
import type { LibraryHandle } from 'koffi';

/** MPI leaves handles and constants to each implementation; these are those of one. */
export interface Abi {
  readonly family: 'openmpi' | 'mpich';
  /** C type of communicators, data types and reductions. */
  readonly handleType: 'void *' | 'int';
  readonly world: unknown;
  readonly float: unknown;
  readonly double: unknown;
  readonly int: unknown;
  readonly byte: unknown;
  readonly sum: unknown;
  /** In place of a buffer to send: take what is to be received. */
  readonly inPlace: bigint;
  /** In place of a status: nobody asks for it. */
  readonly statusIgnore: bigint;
}

/** Open MPI's handles are addresses of structures that it exports (ompi/include/mpi.h, `OMPI_PREDEFINED_GLOBAL`). */
const OPEN_MPI = {
  world: 'ompi_mpi_comm_world',
  float: 'ompi_mpi_float',
  double: 'ompi_mpi_double',
  int: 'ompi_mpi_int',
  byte: 'ompi_mpi_byte',
  sum: 'ompi_mpi_op_sum',
} as const;

/** The common ABI of MPICH, Intel MPI, Cray MPICH and MVAPICH: handles are numbers (wiki.mpich.org, "ABI Compatibility"). */
const MPICH: Abi = {
  family: 'mpich',
  handleType: 'int',
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  int: 0x4c000405,
  byte: 0x4c00010d,
  sum: 0x58000003,
  inPlace: -1n,
  statusIgnore: 1n,
};

const MPICH_FAMILY = /MPICH|Intel\(R\) MPI|MVAPICH/i;

/**
 * How a library is called, by what it exports and says of itself.
 * @throws NatsError `unsupported` for another ABI
 */
export function abiOf(library: Pick<LibraryHandle, 'symbol'>, version: string): Abi {
  const symbols = symbolsOf(library);
  if (symbols) return { family: 'openmpi', handleType: 'void *', ...symbols, inPlace: 1n, statusIgnore: 0n };
  if (MPICH_FAMILY.test(version)) return MPICH;
  throw new NatsError('unsupported', {
    rule: "an MPI library has Open MPI's or MPICH's binary interface",
    received: version || 'a library that does not say what it is',
    limit: 'Open MPI 4 or 5, MPICH 3 or 4, Intel MPI, MVAPICH, Cray MPICH',
  });
}

function symbolsOf(library: Pick<LibraryHandle, 'symbol'>): Record<keyof typeof OPEN_MPI, unknown> | undefined {
  try {
    return Object.fromEntries(
      Object.entries(OPEN_MPI).map(([name, symbol]) => [name, library.symbol(symbol)]),
    ) as Record<keyof typeof OPEN_MPI, unknown>;
  } catch {
    return undefined;
  }
}
