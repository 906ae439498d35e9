import { readFileSync } from 'node:fs';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  type Engine,
  type Feeds,
  gradients,
  input,
  multiply,
  reduceSum,
  referenceEngine,
  type Scope,
  type ScopeOptions,
  seedOf,
  type Tensor,
  type TensorData,
} from '@nats/graph';
import { type CompareOptions, type GoldenFixture, goldenState, hashed, parseGolden } from '@nats/graph/testing';

export function readGolden<A>(name: string): GoldenFixture<A> {
  return parseGolden<A>(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** A network of a fixture: what it returns by golden name, and what is fed. */
export interface GoldenNetwork {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly feeds: Feeds;
}

/** The engine that trains, and the float64 reference: what it misses is that constants such as 1 / n are float32. */
export const ENGINES: readonly { readonly engine: () => Engine; readonly options: CompareOptions }[] = [
  { engine: onnxruntimeEngine, options: {} },
  { engine: referenceEngine, options: { bound: 5e-7 } },
];

/** Builds, runs once on golden values, and returns outputs and, as `statistic/NAME`, the updated statistics. */
export async function runGolden(
  engine: Engine,
  seed: number,
  options: ScopeOptions,
  build: (scope: Scope) => GoldenNetwork,
): Promise<Map<string, TensorData>> {
  const scope = createScope(options);
  const { outputs, feeds } = build(scope);
  const executable = await engine.compile(createProgram({ outputs, updates: scope.updates }));
  const state = await engine.createState(scope.spec, goldenState(scope.spec, seed));
  const values = new Map(Object.entries(await executable.run(state, feeds)));
  for (const [name, value] of await state.read(scope.updates.keys())) values.set(`statistic/${name}`, value);
  return values;
}

/** `gradient/NAME` of a loss for all parameters of a scope and further tensors. */
export function gradientOutputs(scope: Scope, loss: Tensor, others: Readonly<Record<string, Tensor>> = {}) {
  const parameters = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  const wrt = { ...Object.fromEntries(parameters.map((name) => [name, scope.variable(name)!])), ...others };
  const slopes = gradients(loss, Object.values(wrt));
  return Object.fromEntries(Object.keys(wrt).map((name, i) => [`gradient/${name}`, slopes[i]!]));
}

/** Sum of a tensor times a fed cotangent: a loss through which any gradient can be compared. */
export function cotangentLoss(seed: number, name: string, y: Tensor): { readonly loss: Tensor; readonly feeds: Feeds } {
  const shape = y.shape as number[];
  return {
    loss: reduceSum(multiply(y, input(name, 'float32', shape))),
    feeds: { [name]: hashed(shape, seedOf(seed, name)) },
  };
}
