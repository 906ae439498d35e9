import { encodeProgram, readNodes } from '@nats/export';
import type { Program } from '@nats/graph';
import { providerLowerings } from '../session.js';
import { CUDA_KERNELS, TYPED_BY } from './kernels.js';

/** A node that onnxruntime would compute on the CPU, its inputs copied from the GPU and its results back. */
export interface CpuNode {
  readonly name: string;
  /** Of ONNX. */
  readonly op: string;
  /** That there is no kernel for. */
  readonly type: string;
}

/**
 * The nodes of a program for which onnxruntime's CUDA provider has no kernel, by its own list (see `CUDA_KERNELS`): says without
 * a GPU what a step on `onnxruntime:cuda` would not compute on it. onnxruntime itself decides where a session is made, and may
 * leave sizes and positions of a few numbers on the CPU besides; `fallback: false` refuses a program with any node there.
 */
export function cudaCpuNodes(program: Program): CpuNode[] {
  return readNodes(encodeProgram(program, { lowerings: providerLowerings(['cuda']) })).flatMap(
    ({ name, op, inputs, outputs }) => {
      const type = inputs[TYPED_BY[op] ?? 0] ?? outputs[0]!;
      return CUDA_KERNELS[op]?.includes(type) ? [] : [{ name, op, type }];
    },
  );
}
