import { expect, test } from 'vitest';
import { deviceError } from './device-error.js';

// In the words of onnxruntime 1.30 and Dawn.
test.each([
  [
    'Failed to get a WebGPU adapter: No supported adapters.',
    /received none here.*needs an adapter.*driver.*nats doctor/,
  ],
  ['Program Transpose requires f16 but the device does not support it.', /shader-f16; .*--precision float32.*CPU/],
  ['WebGPU device lost (2): A valid external Instance reference no longer exists.', /a lost device.*last checkpoint/],
  ['[Device] is lost.', /a lost device.*start again/],
  ['Allocation size too large', /model\.onnx \(.*maxBufferSize and maxStorageBufferBindingSize.*smaller batch/],
  ['Binding size (8589934592) exceeds maxStorageBufferBindingSize', /smaller batch or input size/],
  ['vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY', /all of them its memory.*a GPU with more memory/],
  ['[Invalid Buffer (unlabeled)] is invalid.', /smaller batch/],
])('%s', (said, message) => {
  const error = deviceError(new Error(said), 'model.onnx');
  expect(error).toMatchObject({ code: 'device' });
  expect(error!.message).toMatch(message);
});

test('anything else is not of the device', () => {
  expect(deviceError(new Error('Unexpected input data type'), 'model.onnx')).toBeUndefined();
});
