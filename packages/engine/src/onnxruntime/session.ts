import { encodeProgram, type Lowerings } from '@nats/export';
import { createProgram, input, NatsError, negate, type Program } from '@nats/graph';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Session, Tensors } from '../onnx-session/session.js';
import { blockSize } from './block-size.js';
import { missingForCuda } from './cuda/missing.js';
import type { BlockSize } from './lowerings/blocked.js';
import { engineLowerings } from './lowerings/index.js';
import { nativeOnnxruntime } from './native-module.js';
import { type SessionSettings, sessionOptions } from './session-options.js';

/** An output that the binding does not convert to JavaScript, before all others. */
const END_MARK = 'nats:end';
const NOT_CONVERTED = /Non tensor type/;

/** Makes an onnxruntime session for a program. @throws NatsError `provider` */
export async function openSession(program: Program, settings: SessionSettings): Promise<Session> {
  const direct = settings.providers.every((provider) => provider === 'cpu') && (await writesDirectly());
  return direct ? directSession(program, settings) : copyingSession(program, settings);
}

/** What is faster on the CPU: other providers (CUDA, Core ML, DirectML) have convolutions of their own, and get ONNX's own ops. */
export function providerLowerings([first]: readonly string[], block?: BlockSize): Lowerings {
  return first === 'cpu' ? engineLowerings(block) : [];
}

async function lowerings({ providers, lowerings: own = [] }: SessionSettings): Promise<Lowerings> {
  return [...providerLowerings(providers, providers[0] === 'cpu' ? await blockSize() : undefined), ...own];
}

async function copyingSession(program: Program, settings: SessionSettings): Promise<Session> {
  const session = await createSession(encodeProgram(program, { lowerings: await lowerings(settings) }), settings);
  return {
    run: async (feeds) => (await session.run(feeds)) as Tensors,
    writesInPlace: false,
    release: () => session.release(),
  };
}

/**
 * onnxruntime computes into the tensors that it is handed for its outputs. But its Node binding then copies each of
 * them into a new array: for the 94 MB of a ResNet-18 with momentum a third of a training step, most of it in fresh
 * pages (docs/performance.md). There is no option to keep it from doing so (onnxruntime#32346 would add one). It
 * converts outputs in order and stops at the first that it cannot convert, after all of them have been computed: the
 * end mark is that one, and its error means that the run is complete.
 */
async function directSession(program: Program, settings: SessionSettings): Promise<Session> {
  const bytes = encodeProgram(program, { lowerings: await lowerings(settings), sequenceOutput: END_MARK });
  const session = await createSession(bytes, settings);
  return {
    run: async (feeds, outputs) => {
      const written: Record<string, Tensor> = {};
      for (const [name, make] of outputs) written[name] = make();
      await runToEndMark(session, feeds, written);
      return written;
    },
    writesInPlace: true,
    release: () => session.release(),
  };
}

async function runToEndMark(session: InferenceSession, feeds: Tensors, outputs: Tensors): Promise<void> {
  try {
    await session.run(feeds, { [END_MARK]: null, ...outputs });
  } catch (error) {
    if (!(error instanceof Error && NOT_CONVERTED.test(error.message))) throw error;
  }
}

let probe: Promise<boolean> | undefined;

/** Whether this build of the binding behaves as `directSession` needs: asked once, with one number. */
function writesDirectly(): Promise<boolean> {
  probe ??= (async () => {
    try {
      const program = createProgram({ outputs: { y: negate(input('x', 'float32', [1])) } });
      const session = await directSession(program, { threads: 1, providers: ['cpu'] });
      const { Tensor } = nativeOnnxruntime();
      const y = new Tensor('float32', new Float32Array(1), [1]);
      await session.run({ x: new Tensor('float32', Float32Array.of(2), [1]) }, new Map([['y', () => y]]));
      await session.release();
      return y.data[0] === -2;
    } catch {
      return false;
    }
  })();
  return probe;
}

async function createSession(bytes: Uint8Array, settings: SessionSettings): Promise<InferenceSession> {
  const { env, InferenceSession } = nativeOnnxruntime();
  const cuda = settings.providers.includes('cuda');
  // What onnxruntime prints of a library that is missing is told by the error.
  if (cuda) env.logLevel = 'fatal';
  try {
    return await InferenceSession.create(bytes, sessionOptions(settings));
  } catch (cause) {
    const text = String(cause instanceof Error ? cause.message : cause);
    if (!/provider|backend/i.test(text)) throw cause;
    const missing = cuda ? missingForCuda() : [];
    throw new NatsError(
      'provider',
      {
        rule: 'an execution provider is one that this build of onnxruntime has',
        received: settings.providers.join(),
        limit:
          missing.length === 0
            ? text
            : `'cuda' needs ${missing.join('; ')}; without it take 'cpu' or, on any GPU, 'webgpu' (nats doctor lists what works)`,
      },
      { cause },
    );
  }
}
