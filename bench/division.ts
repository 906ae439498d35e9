import { encodeProgram } from '@nats/export';
import { concat, constant, conv2d, createProgram, hashNormal, input, reduceMean, relu, type Tensor } from '@nats/graph';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type BenchResult, median, option } from './lib/bench.js';
import { timed } from './lib/timed.js';

/** Channels and side of the maps in ResNet-18's four stages at 224 pixels. */
const STAGES = [
  [64, 56],
  [128, 28],
  [256, 14],
  [512, 7],
] as const;

/** Shares of the output channels. */
const DIVISIONS = [[1], [0.5, 0.5], [0.25, 0.75], [0.25, 0.25, 0.5], [0.25, 0.25, 0.25, 0.25]] as const;
const LAYERS = 6;

/**
 * What dividing a 3x3 convolution's output channels among several costs, by itself: six layers as wide as a stage of
 * ResNet-18, each one convolution or several with a concatenation, relative to the undivided one with dilation 1.
 *
 * `npm run bench -- division [--rounds 15] [--threads 1]`: with one thread processor time.
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const [rounds, threads] = [option(args, 'rounds', 15), option(args, 'threads', 1)];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  for (const [channels, side] of STAGES) {
    const variants = await Promise.all(
      DIVISIONS.flatMap((shares) => [1, 2].map((dilation) => open(channels, side, shares, dilation, threads))),
    );
    const x = new OrtTensor('float32', values(channels * side * side, 1), [1, channels, side, side]);
    for (let round = -2; round < rounds; round++) {
      for (const { session, times } of variants) {
        const time = await timed(() => session.run({ x }), threads === 1);
        if (round >= 0) times.push(time);
      }
    }
    for (const { name, session, times } of variants) {
      const ratio = median(times.map((time, i) => time / variants[0]!.times[i]!));
      rows.push({ map: `${channels} x ${side} x ${side}`, channels: name, 'median ms': median(times), ratio });
      ratios[`${side}/${name}`] = ratio;
      samples[`${side}/${name}`] = times;
      await session.release();
    }
  }
  return { name: 'division', rows, ratios, samples };
}

async function open(channels: number, side: number, shares: readonly number[], dilation: number, threads: number) {
  let x: Tensor = input('x', 'float32', [1, channels, side, side]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const parts = shares.map((share, part) => {
      const shape = [channels * share, channels, 3, 3];
      const data = values(channels * share * channels * 9, 10 * layer + part).map((value) => 0.05 * value);
      return conv2d(x, constant({ dtype: 'float32', shape, data }), { padding: dilation, dilation });
    });
    x = relu(parts.length === 1 ? parts[0]! : concat(parts, 1));
  }
  const program = createProgram({ outputs: { y: reduceMean(x, { axes: [2, 3] }) } });
  const bytes = encodeProgram(program, { values: new Map() });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' });
  const times: number[] = [];
  return { name: `${shares.map((share) => share * channels).join(' + ')}, dilation ${dilation}`, session, times };
}

function values(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => hashNormal(seed, i));
}
