import { launcherOf } from '../src/launcher.js';
import { loadLibrary } from '../src/library.js';

/**
 * MPI_Allreduce itself, called in this thread, after `mpiCollective` has entered MPI: what a collective's `allReduce` is
 * compared with.
 */
export async function bareAllReduce(): Promise<(values: Float32Array) => void> {
  const { handle, abi } = await loadLibrary(launcherOf(process.env)?.family ?? 'openmpi', process.env.NATS_MPI_LIBRARY);
  const { handleType, inPlace, float, sum, world } = abi;
  const call = handle.func('MPI_Allreduce', 'int', ['void *', 'void *', 'int', handleType, handleType, handleType]);
  return (values) => {
    const status = call(inPlace, values, values.length, float, sum, world) as number;
    if (status !== 0) throw new Error(`MPI_Allreduce ended with status ${status}`);
  };
}
