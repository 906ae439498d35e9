import type { LoweringTable } from '@nats/export';
import * as g from '@nats/graph';
import { onnxruntimeEngine } from '../src/index.js';

/** Numbers that every run of the tests sees again. */
export function hashed(seed: number, shape: readonly number[]): g.TensorData {
  const size = g.sizeOf(shape);
  return g.tensorData(
    'float32',
    shape,
    Float32Array.from({ length: size }, (_, i) => g.hashNormal(seed, i)),
  );
}

/** Runs a program of inputs alone on onnxruntime, with some lowerings replaced. */
export async function evaluate(
  outputs: Record<string, g.Tensor>,
  feeds: g.Feeds,
  lowerings: LoweringTable = {},
): Promise<Record<string, g.TensorData>> {
  const engine = onnxruntimeEngine({ threads: 2, lowerings });
  const executable = await engine.compile(g.createProgram({ outputs }));
  const state = await engine.createState(g.EMPTY_SPEC, new Map());
  const result = await executable.run(state, feeds);
  await engine.dispose();
  return result;
}

/** Largest difference between onnxruntime and the float64 reference, over the largest value, of all outputs. */
export async function errorAgainstReference(
  outputs: Record<string, g.Tensor>,
  feeds: g.Feeds,
  lowerings: LoweringTable = {},
): Promise<number> {
  const reference = g.referenceEngine();
  const exact = await (await reference.compile(g.createProgram({ outputs }))).run(
    await reference.createState(g.EMPTY_SPEC, new Map()),
    feeds,
  );
  const ours = await evaluate(outputs, feeds, lowerings);
  let worst = 0;
  for (const name of Object.keys(outputs)) {
    const [a, b] = [ours[name]!, exact[name]!];
    if (a.shape.join() !== b.shape.join()) return Number.POSITIVE_INFINITY;
    let difference = 0;
    let largest = 1e-30;
    for (let i = 0; i < b.data.length; i++) {
      const d = Math.abs(a.data[i]! - b.data[i]!);
      difference = Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(difference, d);
      largest = Math.max(largest, Math.abs(b.data[i]!));
    }
    worst = Math.max(worst, difference / largest);
  }
  return worst;
}
