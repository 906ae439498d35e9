import { expect, test } from 'vitest';
import { type CudaSurroundings, missingForCuda } from './missing.js';

const PROVIDER = '/binding/libonnxruntime_providers_cuda.so';
const around = (changes: Partial<CudaSurroundings>, ...files: string[]): CudaSurroundings => ({
  machine: 'linux-x64',
  exists: (path) => files.includes(path),
  libraryPath: [],
  cache: '',
  binding: '/binding',
  ...changes,
});

test('names each thing that is not there, and how to get it', () => {
  expect(missingForCuda(around({}))).toEqual([
    expect.stringContaining('driver'),
    'CUDA 12 (libcudart.so.12)',
    'cuBLAS of CUDA 12 (libcublas.so.12)',
    'cuDNN 9 (libcudnn.so.9)',
    expect.stringContaining('npm rebuild onnxruntime-node'),
  ]);
});

test('finds libraries in the cache of the loader and in LD_LIBRARY_PATH', () => {
  const cache =
    '\tlibcudart.so.12 (libc6,x86-64) => /usr/lib/libcudart.so.12\n\tlibcublas.so.12 => /usr/lib/libcublas.so.12\n';
  const files = ['/proc/driver/nvidia/version', '/opt/cudnn/libcudnn.so.9', PROVIDER];
  expect(missingForCuda(around({ cache, libraryPath: ['/opt/cudnn'] }, ...files))).toEqual([]);
  expect(missingForCuda(around({ cache }, '/dev/dxg', PROVIDER))).toEqual(['cuDNN 9 (libcudnn.so.9)']);
});

test('has nothing to say about other platforms but that', () => {
  expect(missingForCuda(around({ machine: 'darwin-arm64' }))).toEqual([
    expect.stringMatching(/Linux on x64.*darwin-arm64/),
  ]);
});
