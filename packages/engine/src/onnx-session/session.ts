import type { Tensor } from 'onnxruntime-common';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A program as a session of onnxruntime, native or in WebAssembly. */
export interface Session {
  /**
   * @param outputs makes the tensor that receives an output, by the output's name. It may stay unused: what was
   * computed is in the result.
   */
  run(feeds: Tensors, outputs: ReadonlyMap<string, () => Tensor>): Promise<Tensors>;
  /** Whether outputs are written into the tensors that receive them. */
  readonly writesInPlace: boolean;
  release(): Promise<void>;
}
