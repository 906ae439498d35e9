import { NatsError } from '@nats/graph';
import type { LibraryHandle } from 'koffi';
import { type Abi, abiOf } from './abi.js';

/** A loaded MPI library and how it is called. */
export interface Library {
  readonly file: string;
  /** Its first line about itself, such as `Open MPI v4.1.4`. */
  readonly version: string;
  readonly handle: LibraryHandle;
  readonly abi: Abi;
}

/** Names under which the loader of the system finds the library, by family; the one with a version first. */
const FILES: Readonly<Record<'openmpi' | 'mpich', readonly string[]>> = {
  openmpi: ['libmpi.so.40', 'libmpi.40.dylib', 'libmpi.so'],
  mpich: ['libmpich.so.12', 'libmpi.so.12', 'libmpich.so', 'libmpi.12.dylib', 'libmpi.so', 'msmpi.dll'],
};

let configured = false;

/** Longest text that MPI_Get_library_version writes: 8192 in MPICH, 256 in Open MPI. */
const VERSION_BYTES = 8192;

/**
 * Loads an MPI library by koffi, which calls C without a compiler.
 * @param family the one that is tried first
 * @param named a file instead of the usual ones
 * @throws NatsError `provider` if there is none, or none that can be called
 */
export async function loadLibrary(family: 'openmpi' | 'mpich', named?: string): Promise<Library> {
  const { default: koffi } = await import('koffi');
  // MPICH's reductions overflow koffi's default stack of asynchronous calls. Only before the first library is loaded.
  if (!configured) koffi.config({ async_stack_size: 8 << 20, sync_stack_size: 8 << 20 });
  configured = true;
  const other = family === 'openmpi' ? 'mpich' : 'openmpi';
  const files = named === undefined ? [...new Set([...FILES[family], ...FILES[other]])] : [named];
  const failures: string[] = [];
  for (const file of files) {
    try {
      const handle = koffi.load(file, { global: true });
      const version = versionOf(handle);
      return { file, version, handle, abi: abiOf(handle, version) };
    } catch (error) {
      failures.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new NatsError('provider', {
    rule: 'processes of one training talk through Open MPI 4 or 5, or MPICH and its family',
    received: `no library that can be loaded (${failures.join('; ')})`,
    limit:
      'install one (Debian: libopenmpi-dev openmpi-bin, or mpich; on clusters: module load openmpi), or name its file in NATS_MPI_LIBRARY',
  });
}

function versionOf(library: LibraryHandle): string {
  const text = Buffer.alloc(VERSION_BYTES);
  const length = Buffer.alloc(4);
  library.func('MPI_Get_library_version', 'int', ['void *', 'void *'])(text, length);
  const [line = ''] = text.toString('utf8', 0, length.readInt32LE(0)).replace(/\0.*$/s, '').split(/[\n,]/);
  return line.replace(/\s+/g, ' ').trim();
}
