import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { nativeOnnxruntimePath } from '../native-module.js';

/** What is looked at; given by tests. */
export interface CudaSurroundings {
  /** `linux-x64`. */
  readonly machine: string;
  exists(path: string): boolean;
  /** Folders where the loader looks first. */
  readonly libraryPath: readonly string[];
  /** What `ldconfig -p` lists. */
  readonly cache: string;
  /** Folder of onnxruntime-node's library. */
  readonly binding: string;
}

const LIBRARIES = {
  'libcudart.so.12': 'CUDA 12',
  'libcublas.so.12': 'cuBLAS of CUDA 12',
  'libcudnn.so.9': 'cuDNN 9',
} as const;

/** Of `npm rebuild`: downloads what is not in the npm package. */
const REBUILD = 'npm_config_onnxruntime_node_install=cuda12 npm rebuild onnxruntime-node --foreground-scripts';

/** What `onnxruntime:cuda` lacks on this machine, in words; empty if nothing is known to be missing. */
export function missingForCuda(around: CudaSurroundings = surroundings()): string[] {
  const { machine, exists, libraryPath, cache, binding } = around;
  if (machine !== 'linux-x64') return [`Linux on x64, the only platform of its libraries (this is ${machine})`];
  // Of the driver itself, and of Windows' below WSL 2.
  const driver = ['/proc/driver/nvidia/version', '/dev/dxg'].some(exists);
  const found = (library: string) =>
    cache.includes(library) || libraryPath.some((folder) => exists(join(folder, library)));
  const lacking = Object.entries(LIBRARIES).filter(([library]) => !found(library));
  return [
    ...(driver ? [] : ['an NVIDIA GPU with its driver (nvidia-smi lists GPUs)']),
    ...lacking.map(([library, what]) => `${what} (${library})`),
    ...(exists(join(binding, 'libonnxruntime_providers_cuda.so')) ? [] : [`onnxruntime's CUDA library: ${REBUILD}`]),
  ];
}

function surroundings(): CudaSurroundings {
  const { platform, arch, env } = process;
  const listed = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  return {
    machine: `${platform}-${arch}`,
    exists: existsSync,
    libraryPath: (env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    cache: listed.stdout ?? '',
    binding: join(dirname(nativeOnnxruntimePath()), '..', 'bin', 'napi-v6', platform, arch),
  };
}
