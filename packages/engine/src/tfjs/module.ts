/** A tensor of TensorFlow.js, as far as this engine looks at it. */
export interface TfTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

export type KernelAttributes = Readonly<Record<string, unknown>>;

/**
 * What is used of TensorFlow.js: kernels by name, which are forward computations without a tape. Written down here, so
 * that no type of its packages, all of them optional, is part of ours.
 */
export interface Tfjs {
  readonly version_core: string;
  tensor(values: ArrayLike<number>, shape: readonly number[], dtype: string): TfTensor;
  tidy<T>(compute: () => T): T;
  keep(tensor: TfTensor): TfTensor;
  memory(): { readonly numTensors: number; readonly numBytes: number };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  ready(): Promise<void>;
  engine(): {
    runKernel(
      name: string,
      inputs: Readonly<Record<string, TfTensor | readonly TfTensor[]>>,
      attributes: object,
    ): unknown;
  };
}

/** The module itself, or its default export where a CommonJS package was imported. @returns undefined if it is neither */
export function asTfjs(module: unknown): Tfjs | undefined {
  for (const candidate of [module, (module as { default?: unknown } | undefined)?.default]) {
    if (typeof (candidate as Partial<Tfjs> | undefined)?.engine === 'function') return candidate as Tfjs;
  }
  return undefined;
}

/** TensorFlow.js is global: one computation at a time, whatever its engine. */
let last: Promise<unknown> = Promise.resolve();

export function alone<T>(action: () => Promise<T>): Promise<T> {
  const result = last.then(action);
  last = result.catch(() => undefined);
  return result;
}
