import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  add,
  concat,
  constant,
  conv2d,
  createProgram,
  evaluate,
  gradients,
  hashNormal,
  initialize,
  input,
  multiply,
  reduceSum,
  reshape,
  sliceAxis,
  type Tensor,
} from '@nats/graph';
import { hashed, relativeError } from '@nats/graph/testing';
import type { Genotype } from '@nats/space';
import { afterAll, describe, expect, test } from 'vitest';
import { exactCosts } from './dilated-convolution.js';
import { type ExactForm, exactConvolution } from './exact.js';
import { mixture } from './mixture.js';

interface Case {
  readonly name: string;
  readonly genotypes: readonly Genotype[];
  readonly groups: number;
  readonly stride: number;
  readonly k: number;
}

const CASES: readonly Case[] = [
  {
    name: 'three isotropic',
    genotypes: [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    groups: 1,
    stride: 1,
    k: 3,
  },
  {
    name: 'anisotropic, strided',
    genotypes: [
      [1, 2],
      [2, 1],
      [3, 1],
      [1, 1],
    ],
    groups: 1,
    stride: 2,
    k: 6,
  },
  {
    name: 'grouped',
    genotypes: [
      [1, 1],
      [2, 3],
    ],
    groups: 2,
    stride: 1,
    k: 2,
  },
];

const [N, C, O, H, W] = [2, 4, 6, 7, 6];

/** Written as the paper draws it: every candidate with all channels, its groups of channels weighted and summed. */
function naive(x: Tensor, w: Tensor, p: Tensor, { genotypes, groups, stride, k }: Case): Tensor {
  const parts = Array.from({ length: k }, (_, group) => {
    const [from, to] = [(group * O) / k, ((group + 1) * O) / k];
    return genotypes
      .map((dilation, g) => {
        const all = conv2d(x, w, { groups, stride, dilation, padding: [dilation[0], dilation[1]] });
        const share = sliceAxis(sliceAxis(p, 0, group, group + 1), 1, g, g + 1);
        return multiply(sliceAxis(all, 1, from, to), reshape(share, []));
      })
      .reduce(add);
  });
  return concat(parts, 1);
}

function programOf(testCase: Case, form: ExactForm | 'naive') {
  const { genotypes, groups, stride, k } = testCase;
  const x = input('x', 'float32', [N, C, H, W]);
  const w = input('w', 'float32', [O, C / groups, 3, 3]);
  const alpha = input('alpha', 'float32', [k, genotypes.length]);
  const p = mixture(alpha);
  const y =
    form === 'naive' ? naive(x, w, p, testCase) : exactConvolution(x, w, p, genotypes, { groups, stride }, form);
  const direction = constant(hashed(y.shape as number[], 9));
  const [dx, dw, dalpha] = gradients(reduceSum(multiply(y, direction)), [x, w, alpha]) as [Tensor, Tensor, Tensor];
  return createProgram({ outputs: { y, dx, dw, dalpha } });
}

function feedsOf({ genotypes, groups, k }: Case) {
  return { x: hashed([N, C, H, W], 1), w: hashed([O, C / groups, 3, 3], 2), alpha: hashed([k, genotypes.length], 3) };
}

describe.each(CASES)('exact relaxation, $name', (testCase) => {
  const expected = evaluate(programOf(testCase, 'naive'), feedsOf(testCase)).outputs;

  test.each(['sum', 'dense'] as const)(
    '%s equals the per-channel form in value and all gradients (float64, 1e-12)',
    (form) => {
      const actual = evaluate(programOf(testCase, form), feedsOf(testCase)).outputs;
      for (const name of Object.keys(expected))
        expect(relativeError(actual[name]!, expected[name]!)).toBeLessThan(1e-12);
    },
  );

  const engine = onnxruntimeEngine();
  afterAll(() => engine.dispose());
  test.each(['sum', 'dense'] as const)('%s on the engine (1e-5)', async (form) => {
    const executable = await engine.compile(programOf(testCase, form));
    const state = await engine.createState(new Map(), initialize(new Map(), 0));
    const actual = await executable.run(state, feedsOf(testCase));
    for (const name of Object.keys(expected)) expect(relativeError(actual[name]!, expected[name]!)).toBeLessThan(1e-5);
  });
});

test('the gradient of the architecture equals finite differences', () => {
  const testCase = CASES[0]!;
  const program = programOf(testCase, 'dense');
  const feeds = feedsOf(testCase);
  const objective = (alpha: Float64Array) => {
    const { y } = evaluate(program, { ...feeds, alpha: { ...feeds.alpha, data: alpha } }).outputs;
    return Array.from(y!.data).reduce((sum, value, i) => sum + value * Math.fround(hashNormal(9, i)), 0);
  };
  const { dalpha } = evaluate(program, feeds).outputs;
  for (let i = 0; i < feeds.alpha.data.length; i++) {
    const moved = (step: number) =>
      objective(Float64Array.from(feeds.alpha.data, (value, j) => value + (i === j ? step : 0)));
    expect(dalpha!.data[i]!).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 6);
  }
});

test('work is counted: three isotropic genotypes are cheaper as a sum, nine anisotropic ones dense', () => {
  const nine = [1, 2, 3].flatMap((h) => [1, 2, 3].map((w): Genotype => [h, w]));
  expect(
    exactCosts([
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  ).toEqual({ sum: 3, dense: 49 / 9 });
  expect(exactCosts(nine)).toEqual({ sum: 9, dense: 49 / 9 });
});
