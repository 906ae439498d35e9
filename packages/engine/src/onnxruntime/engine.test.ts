import * as g from '@nats/graph';
import { afterEach, describe, expect, it } from 'vitest';
import { type OnnxruntimeEngine, type OnnxruntimeOptions, onnxruntimeEngine } from './index.js';

const engines: OnnxruntimeEngine[] = [];
function engine(options: OnnxruntimeOptions = {}): OnnxruntimeEngine {
  const made = onnxruntimeEngine(options);
  engines.push(made);
  return made;
}
afterEach(async () => {
  for (const made of engines.splice(0)) await made.dispose();
});

/** v becomes v x; also returned before and after, with a constant and the feed itself. */
function multiplier() {
  const scope = g.createScope();
  const v = scope.slot('v', [2], g.ones);
  const x = g.input('x', 'float32', [2]);
  const next = g.multiply(v, x);
  scope.update(v, next);
  const program = g.createProgram({
    outputs: { before: v, after: next, again: next, fed: x, seven: g.fill([2], 7) },
    updates: scope.updates,
  });
  return { program, spec: scope.spec };
}
const pair = (a: number, b: number) => g.tensorData('float32', [2], [a, b]);

async function started(options: OnnxruntimeOptions = {}) {
  const { program, spec } = multiplier();
  const made = engine(options);
  return { made, executable: await made.compile(program), state: await made.createState(spec, g.initialize(spec, 1)) };
}

const value = async (state: g.State) => [...(await state.read(['v'])).get('v')!.data];

describe('a run', () => {
  it('returns outputs of every origin and moves the state', async () => {
    const { executable, state } = await started();
    const first = await executable.run(state, { x: pair(2, 3) });
    const second = await executable.run(state, { x: pair(5, 7) });
    const numbers = (results: Record<string, g.TensorData>) =>
      Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...data]]));
    expect(numbers(second)).toEqual({ before: [2, 3], after: [10, 21], again: [10, 21], fed: [5, 7], seven: [7, 7] });
    // What was returned earlier is the caller's, whatever ran since.
    expect(numbers(first)).toEqual({ before: [1, 1], after: [2, 3], again: [2, 3], fed: [2, 3], seven: [7, 7] });
    expect(await value(state)).toEqual([10, 21]);
  });

  it('waits for those on the same state that were started before', async () => {
    const { executable, state } = await started();
    const runs = [2, 3, 5, 7].map((x) => executable.run(state, { x: pair(x, 1) }));
    const read = state.read(['v']);
    await executable.run(state, { x: pair(11, 1) });
    expect((await Promise.all(runs)).map(({ after }) => after!.data[0])).toEqual([2, 6, 30, 210]);
    expect((await read).get('v')!.data[0]).toBe(210);
    expect(await value(state)).toEqual([2310, 1]);
  });

  it('leaves two states, and what was written or read, alone', async () => {
    const { made, executable, state } = await started();
    const other = await made.createState(state.spec, new Map([['v', pair(10, 10)]]));
    const mine = pair(4, 4);
    await state.write(new Map([['v', mine]]));
    for (let i = 0; i < 3; i++) await executable.run(state, { x: pair(2, 2) });
    expect([...mine.data]).toEqual([4, 4]);
    expect(await value(state)).toEqual([32, 32]);
    expect(await value(other)).toEqual([10, 10]);
  });

  it('takes a batch of any size', async () => {
    const x = g.input('x', 'float32', ['N', 2]);
    const made = engine();
    const executable = await made.compile(g.createProgram({ outputs: { y: g.multiply(x, 2) } }));
    const state = await made.createState(g.EMPTY_SPEC, new Map());
    for (const n of [3, 1, 4]) {
      const { y } = await executable.run(state, { x: g.tensorData('float32', [n, 2], new Array(2 * n).fill(n)) });
      expect([y!.shape, [...y!.data]]).toEqual([[n, 2], new Array(2 * n).fill(2 * n)]);
    }
  });
});

it('a run that fails inside onnxruntime says so, and the state stays', async () => {
  const scope = g.createScope();
  const v = scope.slot('v', [2], g.ones);
  const index = g.input('index', 'int32', [1]);
  scope.update(v, g.add(v, g.gather(v, index)));
  const made = engine();
  const executable = await made.compile(g.createProgram({ outputs: {}, updates: scope.updates }));
  const state = await made.createState(scope.spec, g.initialize(scope.spec, 1));
  const feed = (at: number) => ({ index: g.tensorData('int32', [1], [at]) });
  await expect(executable.run(state, feed(9))).rejects.toThrow(/out of/);
  expect(await value(state)).toEqual([1, 1]);
  await executable.run(state, feed(1));
  expect(await value(state)).toEqual([2, 2]);
});

describe('what a run refuses', () => {
  const refused = (run: Promise<unknown>) =>
    run.then(
      () => 'nothing',
      (error: unknown) => (error instanceof g.NatsError ? error.code : String(error)),
    );

  it('a missing, unknown or ill-shaped feed, and the state stays', async () => {
    const { executable, state } = await started();
    expect(await refused(executable.run(state, {}))).toBe('feed');
    expect(await refused(executable.run(state, { x: pair(1, 2), y: pair(1, 2) }))).toBe('feed');
    expect(await refused(executable.run(state, { x: g.tensorData('float32', [3], [1, 2, 3]) }))).toBe('feed');
    expect(await value(state)).toEqual([1, 1]);
    await executable.run(state, { x: pair(2, 2) });
    expect(await value(state)).toEqual([2, 2]);
  });

  it('NaN and infinity, where checked', async () => {
    const checking = await started({ checkFeedsFinite: true });
    expect(await refused(checking.executable.run(checking.state, { x: pair(1, Number.NaN) }))).toBe('not-finite');
    expect(await refused(checking.executable.run(checking.state, { x: pair(Number.POSITIVE_INFINITY, 1) }))).toBe(
      'not-finite',
    );
    expect(await value(checking.state)).toEqual([1, 1]);
    const trusting = await started();
    expect(await refused(trusting.executable.run(trusting.state, { x: pair(1, Number.NaN) }))).toBe('nothing');
  });

  it('a disposed executable or state', async () => {
    const { executable, state, made } = await started();
    const second = await made.createState(state.spec, g.initialize(state.spec, 1));
    await state.dispose();
    expect(await refused(executable.run(state, { x: pair(1, 1) }))).toBe('disposed');
    expect(await refused(state.read())).toBe('disposed');
    await executable.dispose();
    await executable.dispose();
    expect(await refused(executable.run(second, { x: pair(1, 1) }))).toBe('disposed');
  });

  it('a state without the variables of the program', async () => {
    const { executable, made } = await started();
    const state = await made.createState(g.EMPTY_SPEC, new Map());
    expect(await refused(executable.run(state, { x: pair(1, 1) }))).toBe('state');
  });

  it('a provider that is not there', async () => {
    expect(await refused(engine({ providers: ['nowhere'] }).compile(multiplier().program))).toBe('provider');
  });
});
