import { encodeProgram, type Lowerings } from '@nats/export';
import type { Program } from '@nats/graph';
import type { OpenDeviceSession } from '../onnx-session/device-session.js';
import type { Tensors } from '../onnx-session/session.js';
import { deviceError } from '../onnxruntime/webgpu/device-error.js';
import type { OnnxruntimeWeb } from './module.js';
import { alone } from './session.js';

/** Sessions of onnxruntime-web whose outputs stay on the GPU. @throws NatsError `device` */
export function deviceSessions(
  module: OnnxruntimeWeb,
  providers: readonly string[],
  lowerings: Lowerings,
): OpenDeviceSession {
  return async (program, onDevice) => {
    const bytes = encodeProgram(program, { lowerings });
    const session = await inWords(program, () =>
      module.InferenceSession.create(bytes, {
        executionProviders: providers,
        graphOptimizationLevel: 'all',
        executionMode: 'sequential',
        enableMemPattern: false,
        logSeverityLevel: 3,
        ...(onDevice.length > 0 && {
          preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer'])),
        }),
      }),
    );
    return {
      run: (feeds, outputs) =>
        inWords(program, async () => (await (outputs ? session.run(feeds, outputs) : session.run(feeds))) as Tensors),
      release: () => alone(() => session.release()),
    };
  };
}

function inWords<T>(program: Program, action: () => Promise<T>): Promise<T> {
  return alone(async () => {
    try {
      return await action();
    } catch (cause) {
      throw deviceError(cause, program) ?? cause;
    }
  });
}
