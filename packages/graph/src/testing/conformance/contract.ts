import { createProgram } from '../../create-program.js';
import type { Engine, Feeds, State } from '../../engine.js';
import { type ErrorCode, NatsError } from '../../errors.js';
import { add, multiply } from '../../ops/binary.js';
import { input } from '../../ops/source.js';
import { createScope } from '../../scope.js';
import { initialize } from '../../state-spec.js';
import { type TensorData, tensorData } from '../../tensor-data.js';

/** What the interface of engines, states and executables promises, apart from arithmetic. */
export interface ContractCheck {
  readonly name: string;
  /** @returns what is wrong, or nothing */
  run(engine: Engine): Promise<readonly string[]>;
}

const vector = (...values: readonly number[]) => tensorData('float32', [values.length], values);

/** a and b change places, a counter counts, and an input is added to a. */
function swapProgram() {
  const scope = createScope();
  const initial = (...values: readonly number[]) => ({ kind: 'values', values: vector(...values) }) as const;
  const a = scope.parameter('a', [2], initial(1, 2));
  const b = scope.parameter('b', [2], initial(3, 4));
  const steps = scope.slot('steps', [], { kind: 'constant', value: 40 }, 'int32');
  const x = input('x', 'float32', [2]);
  scope.update(a, b);
  scope.update(b, a);
  scope.update(steps, add(steps, 1));
  const program = createProgram({ outputs: { sum: add(a, x) }, updates: scope.updates });
  const reader = createProgram({ outputs: { twice: multiply(a, 2) } });
  return { spec: scope.spec, values: initialize(scope.spec, 1), program, reader };
}

async function numbers(state: State, name: string): Promise<number[]> {
  return Array.from((await state.read([name])).get(name)!.data);
}

function unlike(what: string, actual: unknown, expected: unknown): string[] {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  return a === b ? [] : [`${what}: ${a}, not ${b}`];
}

async function refused(what: string, code: ErrorCode, action: () => Promise<unknown>): Promise<string[]> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof NatsError)) return [`${what}: threw ${String(error)}, no NatsError`];
    return unlike(`${what}: code`, error.code, code);
  }
  return [`${what}: was not refused`];
}

const FEEDS: Feeds = { x: vector(10, 20) };

/** Checks of what every engine promises about programs and states, beyond the values of ops. */
export function contractChecks(): ContractCheck[] {
  return [
    {
      name: 'updates read the state as it was before the run',
      run: async (engine) => {
        const { spec, values, program } = swapProgram();
        const state = await engine.createState(spec, values);
        const executable = await engine.compile(program);
        const first = await executable.run(state, FEEDS);
        const second = await executable.run(state, FEEDS);
        return [
          ...unlike('first sum', Array.from(first.sum!.data), [11, 22]),
          ...unlike('second sum', Array.from(second.sum!.data), [13, 24]),
          ...unlike('a', await numbers(state, 'a'), [1, 2]),
          ...unlike('b', await numbers(state, 'b'), [3, 4]),
          ...unlike('steps', await numbers(state, 'steps'), [42]),
        ];
      },
    },
    {
      name: 'several programs work on one state, and states are apart',
      run: async (engine) => {
        const { spec, values, program, reader } = swapProgram();
        const [state, other] = [await engine.createState(spec, values), await engine.createState(spec, values)];
        const [swap, read] = [await engine.compile(program), await engine.compile(reader)];
        await swap.run(state, FEEDS);
        return [
          ...unlike('swapped', Array.from((await read.run(state, {})).twice!.data), [6, 8]),
          ...unlike('other', Array.from((await read.run(other, {})).twice!.data), [2, 4]),
        ];
      },
    },
    {
      name: 'values are copied in and out',
      run: async (engine) => {
        const { spec, values, program } = swapProgram();
        const state = await engine.createState(spec, values);
        values.get('a')!.data.fill(99);
        const written = vector(5, 6);
        await state.write(new Map([['b', written]]));
        written.data.fill(99);
        (await state.read()).get('a')!.data.fill(99);
        const executable = await engine.compile(program);
        const outputs = await executable.run(state, FEEDS);
        const before = Array.from(outputs.sum!.data);
        await executable.run(state, { x: vector(0, 0) });
        return [
          ...unlike('sum', before, [11, 22]),
          ...unlike('sum after another run', Array.from(outputs.sum!.data), before),
          ...unlike('a', await numbers(state, 'a'), [1, 2]),
          ...unlike('b', await numbers(state, 'b'), [5, 6]),
        ];
      },
    },
    {
      name: 'a state refuses what its specification does not have, and keeps its values',
      run: async (engine) => {
        const { spec, values } = swapProgram();
        const state = await engine.createState(spec, values);
        const write = (entries: readonly (readonly [string, TensorData])[]) => () => state.write(new Map(entries));
        const missing = new Map([['a', vector(1, 2)]]);
        return [
          ...(await refused('missing values', 'state', () => engine.createState(spec, missing))),
          ...(await refused(
            'an unknown name',
            'state',
            write([
              ['a', vector(7, 7)],
              ['c', vector(7, 7)],
            ]),
          )),
          ...(await refused(
            'a wrong shape',
            'state',
            write([
              ['a', vector(7, 7)],
              ['b', vector(7)],
            ]),
          )),
          ...(await refused('a wrong dtype', 'state', write([['a', tensorData('int32', [2], [7, 7])]]))),
          ...(await refused('reading an unknown name', 'state', () => state.read(['c']))),
          ...unlike('a', await numbers(state, 'a'), [1, 2]),
        ];
      },
    },
    {
      name: 'a run refuses ill feeds and states, and changes nothing',
      run: async (engine) => {
        const { spec, values, program } = swapProgram();
        const state = await engine.createState(spec, values);
        const executable = await engine.compile(program);
        const empty = await engine.createState(new Map(), new Map());
        const short = { ...vector(1, 2), data: Float32Array.of(1) };
        return [
          ...(await refused('no feed', 'feed', () => executable.run(state, {}))),
          ...(await refused('an unknown feed', 'feed', () => executable.run(state, { ...FEEDS, y: vector(1) }))),
          ...(await refused('a wrong shape', 'feed', () => executable.run(state, { x: vector(1) }))),
          ...(await refused('too few values', 'feed', () => executable.run(state, { x: short }))),
          ...(await refused('a wrong dtype', 'feed', () =>
            executable.run(state, { x: tensorData('int32', [2], [1, 2]) }),
          )),
          ...(await refused('a state without the variables', 'state', () => executable.run(empty, FEEDS))),
          ...unlike('a', await numbers(state, 'a'), [1, 2]),
          ...unlike('steps', await numbers(state, 'steps'), [40]),
        ];
      },
    },
    {
      name: "inputs with a batch 'N' are fed one batch",
      run: async (engine) => {
        const [x, y] = [input('x', 'float32', ['N']), input('y', 'float32', ['N'])];
        const executable = await engine.compile(createProgram({ outputs: { sum: add(x, y) } }));
        const state = await engine.createState(new Map(), new Map());
        const outputs = await executable.run(state, { x: vector(1, 2, 3), y: vector(4, 5, 6) });
        return [
          ...unlike('sum', Array.from(outputs.sum!.data), [5, 7, 9]),
          ...(await refused('two batches', 'feed', () => executable.run(state, { x: vector(1), y: vector(1, 2) }))),
        ];
      },
    },
    {
      name: 'what was disposed runs no more; disposing twice is fine',
      run: async (engine) => {
        const { spec, values, program, reader } = swapProgram();
        const state = await engine.createState(spec, values);
        const [gone, alive] = [await engine.compile(program), await engine.compile(reader)];
        await gone.dispose();
        await gone.dispose();
        const errors = await refused('a disposed executable', 'disposed', () => gone.run(state, FEEDS));
        await state.dispose();
        return [...errors, ...(await refused('a disposed state', 'disposed', () => alive.run(state, {})))];
      },
    },
  ];
}
