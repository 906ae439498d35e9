import {
  checkFeeds,
  checkProgramState,
  checkStateValues,
  type Engine,
  type Executable,
  type Feeds,
  type State,
} from './engine.js';
import { NatsError } from './errors.js';
import { resolveBatch } from './ops/layout.js';
import type { Program } from './program.js';
import type { StateSpec } from './state-spec.js';
import type { Node, Tensor } from './tensor.js';
import { sizeOf, type TensorData } from './tensor-data.js';

/** float32 as float64 memory; other dtypes as they are. */
function widen(value: TensorData): TensorData {
  return value.dtype === 'float32' ? { ...value, data: Float64Array.from(value.data) } : value;
}

/**
 * Runs a program in float64 by each op's reference evaluation.
 * @returns outputs and new values of the updated variables, floats as Float64Array.
 */
export function evaluate(
  program: Program,
  feeds: Feeds = {},
  state: ReadonlyMap<string, TensorData> = new Map(),
): { readonly outputs: Record<string, TensorData>; readonly updates: Map<string, TensorData> } {
  checkFeeds(program, feeds);
  const values = new Map<Tensor, TensorData>();
  for (const node of program.nodes) {
    const results = evaluateNode(
      node,
      node.inputs.map((x) => values.get(x)!),
      feeds,
      state,
    );
    for (const [i, output] of node.outputs.entries()) values.set(output, results[i]!);
  }
  return {
    outputs: Object.fromEntries([...program.outputs].map(([name, tensor]) => [name, values.get(tensor)!])),
    updates: new Map([...program.updates].map(([name, tensor]) => [name, values.get(tensor)!])),
  };
}

function evaluateNode(
  node: Node,
  inputs: readonly TensorData[],
  feeds: Feeds,
  state: ReadonlyMap<string, TensorData>,
): readonly TensorData[] {
  if (node.op.name === 'input') return [widen(feeds[(node.attributes as { name: string }).name]!)];
  if (node.op.name === 'variable') return [widen(state.get((node.attributes as { name: string }).name)!)];
  return node.op.evaluate(inputs, withBatch(node, inputs));
}

/** Shapes in attributes may hold 'N'; values have numbers. */
function withBatch(node: Node, inputs: readonly TensorData[]): unknown {
  const { shape } = node.attributes as { shape?: Tensor['shape'] };
  if (shape?.[0] !== 'N') return node.attributes;
  const batch = inputs[0]!.shape[0]!;
  const size = node.op.name === 'reshape' ? sizeOf(inputs[0]!.shape) : batch * sizeOf(shape.slice(1) as number[]);
  return { ...(node.attributes as object), shape: resolveBatch(shape, size) };
}

/** An engine of plain TypeScript in float64: slow, portable, and what the others are compared with. */
export function referenceEngine(): Engine {
  return {
    name: 'reference',
    fingerprint: { engine: 'reference', precision: 'float64' },
    createState: async (spec, values) => referenceState(spec, values),
    compile: async (program) => referenceExecutable(program),
    dispose: async () => {},
  };
}

interface ReferenceState extends State {
  readonly values: Map<string, TensorData>;
}

function referenceState(spec: StateSpec, initial: ReadonlyMap<string, TensorData>): ReferenceState {
  checkStateValues(spec, initial, true);
  const values = new Map([...initial].map(([name, value]) => [name, widen(value)]));
  return {
    spec,
    values,
    read: async (names = values.keys()) =>
      new Map([...names].map((name) => [name, { ...values.get(name)!, data: values.get(name)!.data.slice() }])),
    write: async (replacements) => {
      checkStateValues(spec, replacements, false);
      for (const [name, value] of replacements) values.set(name, widen(value));
    },
    dispose: async () => values.clear(),
  };
}

function referenceExecutable(program: Program): Executable {
  let disposed = false;
  return {
    program,
    run: async (state, feeds) => {
      if (disposed)
        throw new NatsError('disposed', {
          rule: 'an executable runs until it is disposed',
          received: 'a disposed one',
        });
      checkProgramState(program, state.spec);
      const { values } = state as ReferenceState;
      const { outputs, updates } = evaluate(program, feeds, values);
      for (const [name, value] of updates) values.set(name, value);
      return outputs;
    },
    dispose: async () => {
      disposed = true;
    },
  };
}
