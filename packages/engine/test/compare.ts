import type { Lowerings } from '@nats/export';
import * as g from '@nats/graph';
import { relativeError } from '@nats/graph/testing';
import { onnxruntimeEngine } from '../src/index.js';

/** Runs a program of inputs alone on onnxruntime, with some lowerings replaced. */
export async function evaluate(
  outputs: Record<string, g.Tensor>,
  feeds: g.Feeds,
  lowerings: Lowerings = [],
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
  lowerings: Lowerings = [],
): Promise<number> {
  const reference = g.referenceEngine();
  const exact = await (await reference.compile(g.createProgram({ outputs }))).run(
    await reference.createState(g.EMPTY_SPEC, new Map()),
    feeds,
  );
  const ours = await evaluate(outputs, feeds, lowerings);
  return Math.max(...Object.keys(outputs).map((name) => relativeError(ours[name]!, exact[name]!)));
}
