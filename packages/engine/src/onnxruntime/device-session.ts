import { encodeProgram, type Lowerings } from '@nats/export';
import type { Program } from '@nats/graph';
import type { OpenDeviceSession } from '../onnx-session/device-session.js';
import type { Tensors } from '../onnx-session/session.js';
import { nativeOnnxruntime } from './native-module.js';
import { type SessionSettings, sessionOptions } from './session-options.js';
import { deviceError } from './webgpu/device-error.js';
import { webgpuLowerings } from './webgpu/lowerings/index.js';

/** Providers whose buffers stay on the device between runs. */
export function keepsOnDevice(providers: readonly string[]): boolean {
  return providers[0] === 'webgpu';
}

/** Sessions of onnxruntime-node whose outputs stay on the GPU. @throws NatsError `device` */
export function deviceSessions(settings: SessionSettings): OpenDeviceSession {
  const lowerings: Lowerings = [...webgpuLowerings, ...(settings.lowerings ?? [])];
  return async (program, onDevice) => {
    const session = await inWords(program, () =>
      nativeOnnxruntime().InferenceSession.create(encodeProgram(program, { lowerings }), {
        ...sessionOptions(settings),
        ...(onDevice.length > 0 && {
          preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer'])),
        }),
      }),
    );
    return {
      run: (feeds, outputs) =>
        inWords(program, async () => (await (outputs ? session.run(feeds, outputs) : session.run(feeds))) as Tensors),
      release: () => session.release(),
    };
  };
}

async function inWords<T>(program: Program, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw deviceError(cause, program) ?? cause;
  }
}
