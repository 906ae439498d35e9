import { deviceError, nativeOnnxruntime } from '@nats/engine';
import { encodeProgram, type Precision } from '@nats/export';
import {
  createProgram,
  createScope,
  foldVariables,
  hashNormal,
  hashUniform,
  initialize,
  reduceMean,
  type Scope,
  type StateSpec,
  seedOf,
  sizeOf,
  type Tensor,
  type TensorData,
} from '@nats/graph';
import { layoutPass } from '@nats/space';
import type { ModelRuntime } from '../model/model-engines.js';

/** A network with values of no meaning, exported as a trained one is, ready to be timed. */
export interface ExportedSession {
  run(): Promise<unknown>;
  close(): Promise<void>;
}

/** Builds a network in a scope. @returns its results; its inputs are float32 of fixed shape */
export type NetworkBuilder = (scope: Scope) => Readonly<Record<string, Tensor>>;

/**
 * Exports as `nats export` does (layout pass, folded weights, the file's precision) and opens a session. Feature maps are
 * averaged, so that no map is copied from where it was computed.
 */
export async function openExported(
  build: NetworkBuilder,
  { threads, providers = ['cpu'] }: ModelRuntime,
  precision: Precision,
): Promise<ExportedSession> {
  const scope = createScope();
  const outputs = Object.entries(build(scope)).map(
    ([name, y]) => [name, y.shape.length === 4 ? reduceMean(y, { axes: [2, 3] }) : y] as const,
  );
  const program = createProgram({ outputs: Object.fromEntries(outputs) });
  const values = plausibleValues(scope.spec);
  const bytes = encodeProgram(foldVariables(layoutPass(program), values), { values, precision });
  const { InferenceSession, Tensor } = nativeOnnxruntime();
  const options = { intraOpNumThreads: threads, executionProviders: providers, logSeverityLevel: 3 } as const;
  const session = await InferenceSession.create(bytes, options).catch((cause: Error) => {
    throw deviceError(cause, 'latency') ?? cause;
  });
  const feeds = Object.fromEntries(
    [...program.inputs].map(([name, { shape }]) => {
      const dims = shape as number[];
      // As after an activation: no map has negative values.
      const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Math.abs(hashNormal(1, i)));
      return [name, new Tensor('float32', data, dims)];
    }),
  );
  return { run: () => session.run(feeds), close: () => session.release() };
}

/** Means and variances that are not 0 and 1, which would be optimized away. */
function plausibleValues(spec: StateSpec): Map<string, TensorData> {
  const values = initialize(spec, 1);
  for (const { name, kind } of spec.values()) {
    if (kind !== 'statistic') continue;
    const { data } = values.get(name)!;
    for (let i = 0; i < data.length; i++) data[i]! += 0.1 * hashUniform(seedOf(1, name), i);
  }
  return values;
}
