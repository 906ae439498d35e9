import { createOnnxBuilder, encodeModel } from '@nats/export';
import type { BlockSize } from './lowerings/blocked.js';
import { nativeOnnxruntime } from './native-module.js';
import { sessionOptions } from './session-options.js';

/** Channels and pixels of what is reordered. */
const [CHANNELS, PIXELS] = [32, 2];

let probe: Promise<BlockSize | undefined> | undefined;

/**
 * How many channels the CPU kernels' blocked layout has side by side on this machine; undefined where there are no such kernels
 * (processors without AVX). Asked once per process with a few numbers.
 */
export function blockSize(): Promise<BlockSize | undefined> {
  probe ??= ask();
  return probe;
}

/** Numbers count up in NCHW, so that pixel 1 of channel 0 is 1: it stands behind the first block of channels of pixel 0. */
async function ask(): Promise<BlockSize | undefined> {
  const { InferenceSession, Tensor } = nativeOnnxruntime();
  const builder = createOnnxBuilder();
  builder.node('ReorderInput', ['x'], {}, ['y'], 'com.microsoft.nchwc');
  const shape = [1, CHANNELS, 1, PIXELS];
  const bytes = encodeModel(builder, {
    name: 'block size',
    inputs: new Map([['x', { dtype: 'float32', shape }]]),
    outputs: new Map([['y', { dtype: 'float32', shape }]]),
    metadata: {},
  });
  const numbers = Float32Array.from({ length: CHANNELS * PIXELS }, (_, i) => i);
  try {
    const session = await InferenceSession.create(bytes, sessionOptions({ threads: 1, providers: ['cpu'] }));
    const { y } = await session.run({ x: new Tensor('float32', numbers, shape) });
    await session.release();
    const block = (y!.data as Float32Array).indexOf(1);
    return block > 1 ? block : undefined;
  } catch {
    // A build without these ops.
    return undefined;
  }
}
