/** What a provider does otherwise than ONNX says, and what is done about it here. */
export interface KernelFault {
  /** Of ONNX. */
  readonly kernel: string;
  readonly what: string;
  /** Of onnxruntime: where it was seen last. */
  readonly version: string;
  /** Upstream, where it is known. */
  readonly issue?: string;
  /** What avoids it: the file of this folder. */
  readonly avoidedBy: string;
  /** The op of programs whose portable lowering shows it, and a case of the conformance suite that does. */
  readonly shownBy?: { readonly op: string; readonly conformance: string };
}

const VERSION = '1.30.0';

/**
 * Faults of onnxruntime's WebGPU provider. `test/webgpu/faults.test.ts` runs the portable lowering of each and fails once
 * it works: then its lowering here can go.
 */
export const WEBGPU_FAULTS: readonly KernelFault[] = [
  {
    kernel: 'MaxPool',
    what: 'has no output of indices: "The Indices output is not supported yet"',
    version: VERSION,
    issue: 'microsoft/onnxruntime#23714',
    avoidedBy: 'lowerings/max-pool-grad.ts',
    shownBy: { op: 'maxPoolGrad', conformance: 'maxPool2d: as in a stem' },
  },
  {
    kernel: 'ConvTranspose',
    what: 'with as many groups as output channels and several input channels in each: wrong numbers, no error',
    version: VERSION,
    avoidedBy: 'lowerings/convolution.ts',
    shownBy: { op: 'convGradInput', conformance: 'conv2d: depthwise with a multiplier' },
  },
  {
    kernel: 'Pow',
    what: 'throws ("raw_hash_map::at") where both operands are broadcast',
    version: VERSION,
    avoidedBy: 'lowerings/elementwise.ts',
    shownBy: { op: 'power', conformance: 'power of [2,1,4] and [3,1]' },
  },
  {
    kernel: 'Softmax, Pad, AveragePool, MaxPool, ConvTranspose',
    what: 'refuse a tensor with an axis of length 0 ("Invalid dispatch group size")',
    version: VERSION,
    issue: 'microsoft/onnxruntime#19442',
    avoidedBy: '../../onnx-session/without-empty.ts',
  },
  {
    kernel: 'MatMul, Gather, GatherElements, TopK',
    what: 'end the process on a tensor with an axis of length 0',
    version: VERSION,
    issue: 'microsoft/onnxruntime#19442',
    avoidedBy: '../../onnx-session/without-empty.ts',
  },
  {
    kernel: 'Sign, LogSoftmax, Mod, Sum, Where of uint8, Equal of bool and int64',
    what: 'have no kernel: their inputs go to the CPU and their results back',
    version: VERSION,
    issue: 'microsoft/onnxruntime#29756',
    avoidedBy: 'lowerings/elementwise.ts, lowerings/softmax.ts, lowerings/max-pool-grad.ts',
  },
  {
    kernel: 'tensor.getData',
    what: 'ends the process for a tensor of the device, in Node ("terminate called after throwing")',
    version: VERSION,
    avoidedBy: '../../onnx-session/device-transfer.ts',
  },
];

/**
 * What WGSL does not promise, so that no kernel can: an implementation may take it that there are no NaN and no
 * infinities (gpuweb/gpuweb#3533). Cases of the conformance suite that ask for them, with what SwiftShader gives.
 */
export const NOT_PROMISED: Readonly<Record<string, string>> = {
  'exp of NaN and infinities': 'WGSL does not promise NaN: gpuweb/gpuweb#3533',
  'log of NaN and infinities': 'WGSL does not promise NaN: gpuweb/gpuweb#3533',
  'sigmoid of NaN and infinities': 'WGSL does not promise NaN: gpuweb/gpuweb#3533',
  'softplus of NaN and infinities': 'WGSL does not promise NaN: gpuweb/gpuweb#3533',
  'relu of NaN and infinities': 'WGSL does not promise NaN: gpuweb/gpuweb#3533',
};
