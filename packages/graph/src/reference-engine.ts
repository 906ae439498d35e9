import {
  checkFeeds,
  checkProgramState,
  checkStateValues,
  disposedError,
  type Engine,
  type Executable,
  type Feeds,
  type State,
  unknownVariableError,
} from './engine.js';
import type { Program } from './program.js';
import type { StateSpec } from './state-spec.js';
import type { Node, Shape, Tensor } from './tensor.js';
import type { TensorData } from './tensor-data.js';

/** A copy, with float32 as float64 memory. */
function widen(value: TensorData): TensorData {
  return { ...value, data: value.dtype === 'float32' ? Float64Array.from(value.data) : value.data.slice() };
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

/** Shapes in attributes may begin with 'N', which is then the batch of the first input (a rule of such ops). */
function withBatch(node: Node, inputs: readonly TensorData[]): unknown {
  const { shape } = node.attributes as { shape?: Shape };
  if (shape?.[0] !== 'N') return node.attributes;
  return { ...(node.attributes as object), shape: shape.with(0, inputs[0]!.shape[0]!) };
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
  readonly alive: () => boolean;
}

function referenceState(spec: StateSpec, initial: ReadonlyMap<string, TensorData>): ReferenceState {
  checkStateValues(spec, initial, true);
  const values = new Map([...initial].map(([name, value]) => [name, widen(value)]));
  let alive = true;
  return {
    spec,
    values,
    alive: () => alive,
    read: async (names = values.keys()) => new Map([...names].map((name) => [name, copyOf(values, name)])),
    write: async (replacements) => {
      checkStateValues(spec, replacements, false);
      for (const [name, value] of replacements) values.set(name, widen(value));
    },
    dispose: async () => {
      alive = false;
      values.clear();
    },
  };
}

function copyOf(values: ReadonlyMap<string, TensorData>, name: string): TensorData {
  const value = values.get(name);
  if (!value) throw unknownVariableError(name);
  return { ...value, data: value.data.slice() };
}

function referenceExecutable(program: Program): Executable {
  let disposed = false;
  return {
    program,
    run: async (state, feeds) => {
      const { values, alive } = state as ReferenceState;
      if (disposed || !alive()) throw disposedError(disposed ? 'executable' : 'state');
      checkProgramState(program, state.spec);
      const { outputs, updates } = evaluate(program, feeds, values);
      for (const [name, value] of updates) values.set(name, value);
      return outputs;
    },
    dispose: async () => {
      disposed = true;
    },
  };
}
