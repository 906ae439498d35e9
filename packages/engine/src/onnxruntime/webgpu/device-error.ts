import { BYTES_PER_ELEMENT, formatType, NatsError, type Program, type Tensor } from '@nats/graph';

/** How onnxruntime and Dawn say what went wrong, and what it is. Messages of version 1.30. */
const SAID = {
  noAdapter: /Failed to get a WebGPU adapter|No supported adapters|adapter_result|no available backend found/i,
  noHalf: /requires f16 but the device does not support it|shader-f16/i,
  lost: /device( "[^"]*")?\]? (was |is )?lost|DeviceLost|device\.destroy/i,
  // The last is onnxruntime's SafeInt: more bytes than WebAssembly's 32-bit sizes can say.
  tooLarge:
    /Allocation size too large|exceed\w* max(StorageBufferBindingSize|BufferSize)|larger than the (maximum|max)|SafeInt\w*\(\) Integer overflow/i,
  outOfMemory: /OUT_OF_(DEVICE|HOST)_MEMORY|out of memory/i,
  // What follows an allocation that failed: Dawn itself only prints the reason.
  invalidBuffer: /\[Invalid Buffer|Buffer .* is invalid/i,
} as const;

const SMALLER = 'a smaller batch or input size, or a GPU with more memory, or the engine onnxruntime (the CPU)';

/**
 * What a failure of a GPU means for the one who reads it. The state of a run that failed is as it was.
 * @param subject what was run: a program, whose largest tensor is named, or a file
 * @returns undefined for anything else
 */
export function deviceError(cause: unknown, subject: Program | string): NatsError | undefined {
  const text = String(cause instanceof Error ? cause.message : cause);
  const error = (rule: string, received: string, limit: string) =>
    new NatsError('device', { rule, received, limit }, { cause });
  if (SAID.noAdapter.test(text)) {
    return error(
      'WebGPU needs an adapter: a GPU with a driver for Vulkan, Metal or Direct3D 12',
      'none here',
      "install the GPU's driver (on Linux also the package libvulkan1), or use the engine onnxruntime (the CPU); nats doctor says what there is",
    );
  }
  if (SAID.noHalf.test(text)) {
    return error(
      "a file in float16 needs an adapter with WebGPU's shader-f16",
      'one without it',
      'export the file with --precision float32, or run it with the engine onnxruntime (the CPU)',
    );
  }
  if (SAID.lost.test(text)) {
    return error(
      'a GPU stays there while a program runs',
      `a lost device (${firstLine(text)})`,
      'start again: a training goes on from its last checkpoint. If it happens again, the driver ran out of memory or reset the GPU',
    );
  }
  if (SAID.tooLarge.test(text) || SAID.outOfMemory.test(text) || SAID.invalidBuffer.test(text)) {
    return error(
      "every tensor of a program fits a buffer of the GPU (the adapter's maxBufferSize and maxStorageBufferBindingSize), and all of them its memory",
      `${typeof subject === 'string' ? subject : `a program whose largest tensor is ${largestTensor(subject)}`} (${firstLine(text)})`,
      SMALLER,
    );
  }
  return undefined;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!;
}

const bytesOf = ({ dtype, shape }: Tensor): number =>
  shape.reduce<number>((product, size) => product * (size === 'N' ? 1 : size), BYTES_PER_ELEMENT[dtype]);

/** "float32[8, 64, 512, 512] (537 MB, at backbone/conv1, conv2d)". */
function largestTensor({ nodes }: Program): string {
  const tensors = nodes.flatMap(({ outputs }) => outputs);
  const largest = tensors.reduce((a, b) => (bytesOf(b) > bytesOf(a) ? b : a));
  const { scope, op } = largest.node;
  return `${formatType(largest)} (${Math.round(bytesOf(largest) / 1e6)} MB, at ${scope ? `${scope}, ` : ''}${op.name})`;
}
