import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NatsError } from '@nats/graph';
import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

/** What is used of onnxruntime-node, in the types of onnxruntime-common: no type of an optional package is part of ours. */
export interface NativeOnnxruntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly env: Env;
  /** Providers of this build. */
  listSupportedBackends(): readonly { readonly name: string; readonly bundled: boolean }[];
}

const NAME = 'onnxruntime-node';
const RULE = `this engine runs on the package ${NAME}, which @nats/engine leaves to its users: in a browser it is of no use`;
/** Its install script downloads the CUDA libraries on Linux x64. */
export const INSTALL_ADVICE = `npm install ${NAME} (without an NVIDIA GPU, or behind a proxy: ONNXRUNTIME_NODE_INSTALL=skip npm install ${NAME}, which downloads no CUDA libraries), or take another engine: createEngine('onnxruntime-web'), createEngine('tfjs')`;

let loaded: NativeOnnxruntime | undefined;

/**
 * onnxruntime-node, loaded when it is first asked for. By `require`, so that bundlers for Node leave it where it is: its
 * native library can not be bundled.
 * @throws NatsError `provider` if it is not installed, or its library does not load
 */
export function nativeOnnxruntime(): NativeOnnxruntime {
  if (loaded) return loaded;
  const require = requireBeside();
  const path = nativeOnnxruntimePath();
  try {
    loaded = require(path) as NativeOnnxruntime;
  } catch (cause) {
    const received = String(cause instanceof Error ? cause.message : cause).split('\n')[0]!;
    const limit = `reinstall it: npm rebuild ${NAME}; it has libraries for Windows and Linux (with glibc) on x64 and arm64, and for macOS on arm64`;
    throw new NatsError('provider', { rule: `${NAME} has a library for this platform`, received, limit }, { cause });
  }
  return loaded;
}

/**
 * Its file.
 * @param from files whose dependencies are searched, in this order
 * @throws NatsError `provider` if it is not installed
 */
export function nativeOnnxruntimePath(from: readonly string[] = searched()): string {
  return resolved(NAME, from);
}

/** Its version. @throws NatsError `provider` if it is not installed */
export function onnxruntimeVersion(): string {
  return (requireBeside()(resolved(`${NAME}/package.json`, searched())) as { version: string }).version;
}

function resolved(name: string, from: readonly string[]): string {
  for (const file of from) {
    try {
      return createRequire(file).resolve(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new NatsError('provider', { rule: RULE, received: `no package ${NAME}`, limit: INSTALL_ADVICE });
}

/** Beside this package, which has no URL in a bundle of CommonJS, then the working directory: a bundle may lie elsewhere. */
const searched = () => [import.meta.url, join(process.cwd(), 'package.json')].filter((file) => file);
const requireBeside = () => createRequire(searched()[0]!);
