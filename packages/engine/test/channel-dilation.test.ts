import {
  constant,
  conv2dByChannelDilation,
  createProgram,
  evaluate,
  gradients,
  input,
  multiply,
  type Pair,
  reduceSum,
  tensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { afterAll, expect, test } from 'vitest';
import { onnxruntimeEngine } from '../src/index.js';

const GENOTYPES: readonly Pair[] = [
  [1, 1],
  [2, 2],
  [1, 3],
];
const engine = onnxruntimeEngine();
afterAll(() => engine.dispose());

test.each([
  { stride: 1, groups: 1 },
  { stride: 2, groups: 1 },
  { stride: 2, groups: 2 },
])(
  'one session serves every choice, empty genotypes included: stride $stride, groups $groups',
  async ({ stride, groups }) => {
    const [n, c, o, h, w] = [2, 4, 6, 7, 6];
    const x = input('x', 'float32', [n, c, h, w]);
    const weight = input('weight', 'float32', [o, c / groups, 3, 3]);
    const index = input('index', 'int32', [o]);
    const y = conv2dByChannelDilation(x, weight, index, { genotypes: GENOTYPES, stride, groups });
    const loss = reduceSum(multiply(y, constant(hashed(y.shape as number[], 7))));
    const [dx, dw] = gradients(loss, [x, weight]);
    const program = createProgram({ outputs: { y, dx: dx!, dw: dw! } });
    const executable = await engine.compile(program);
    const state = await engine.createState(new Map(), new Map());
    const feeds = { x: hashed([n, c, h, w], 1), weight: hashed([o, c / groups, 3, 3], 2) };
    for (const choice of [
      [0, 1, 2, 0, 1, 2],
      [2, 2, 2, 2, 2, 2],
      [1, 1, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 0],
    ]) {
      const all = { ...feeds, index: tensorData('int32', [o], choice) };
      const expected = evaluate(program, all).outputs;
      const actual = await executable.run(state, all);
      for (const name of ['y', 'dx', 'dw']) {
        const scale = Math.max(...expected[name]!.data.map(Math.abs));
        for (const [i, value] of expected[name]!.data.entries()) {
          expect(Math.abs(actual[name]!.data[i]! - value) / scale).toBeLessThan(1e-5);
        }
      }
    }
  },
);
