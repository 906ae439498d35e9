import {
  concat,
  createProgram,
  evaluate,
  gradients,
  input,
  multiply,
  reduceSum,
  sliceAxis,
  square,
  type Tensor,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { describe, expect, test } from 'vitest';
import { space } from '../../test/planted.js';
import { type AllGenotypesOptions, allGenotypesConvolution, type WeighedPart, weighedImages } from './all-genotypes.js';
import { exactConvolution } from './exact.js';
import { mixture } from './mixture.js';

const GENOTYPES = space.genotypes;
const [N, O, K, G] = [4, 4, 2, 3];
const x = input('x', 'float32', [N, 2, 5, 5]);
const weight = input('weight', 'float32', [O, 2, 3, 3]);
const alpha = input('alpha', 'float32', [K, G]);
const gumbel = input('gumbel', 'float32', [K, G]);
const convolution = { stride: 1, groups: 1 };
const logits = [0.5, -0.5, 0, 1, 0, -1];
const strip = input('strip', 'float32', []);
const feeds = {
  x: hashed([N, 2, 5, 5], 1),
  weight: hashed([O, 2, 3, 3], 2),
  alpha: tensorData('float32', [K, G], logits),
};

/** Differs by image, channel and position, so that nothing cancels. */
const linear = (y: Tensor) => reduceSum(multiply(y, input('direction', 'float32', [N, O, 5, 5])));
/** Quadratic in every choice, and in both together. */
const quadratic = (y: Tensor) => {
  const summed = reduceSum(multiply(y, input('direction', 'float32', [N, O, 5, 5])), { axes: [1] });
  return reduceSum(square(summed));
};
const direction = hashed([N, O, 5, 5], 3);

function programOf(loss: (y: Tensor) => Tensor, options: AllGenotypesOptions, images = x, stride = 1) {
  const layer = { x: images, weight, alpha, genotypes: GENOTYPES, convolution: { stride, groups: 1 } };
  const y = allGenotypesConvolution(layer, { noise: gumbel, strip }, options);
  const [dalpha, dw, dx] = gradients(loss(y), [alpha, weight, images]) as [Tensor, Tensor, Tensor];
  return createProgram({ outputs: { y, loss: loss(y), dalpha, dw, dx } });
}

/** Noise that draws these genotypes, whatever the logits. */
const drawing = (...chosen: number[]): TensorData =>
  tensorData(
    'float32',
    [K, G],
    chosen.flatMap((g) => Array.from({ length: G }, (_, h) => (h === g ? 100 : 0))),
  );

const softmaxRow = (row: readonly number[]) => {
  const powers = row.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};
const P = [softmaxRow(logits.slice(0, G)), softmaxRow(logits.slice(G))];
const DRAWS = GENOTYPES.flatMap((_, a) => GENOTYPES.map((_, b) => [a, b] as const));

/** The gradient of the mean loss over all draws by alpha: sum of P(z) L(z) d log P(z) / d alpha. */
function trueGradient(losses: readonly number[]): number[] {
  return [0, 1].flatMap((k) =>
    GENOTYPES.map((_, g) =>
      DRAWS.reduce((sum, draw, i) => {
        const probability = P[0]![draw[0]]! * P[1]![draw[1]]!;
        return sum + probability * losses[i]! * ((draw[k] === g ? 1 : 0) - P[k]![g]!);
      }, 0),
    ),
  );
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-9): void {
  const scale = Math.max(...Array.from(expected, Math.abs));
  const error = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i]!))) / scale;
  expect(error).toBeLessThan(tolerance);
}

function meanOverDraws(loss: (y: Tensor) => Tensor, options: AllGenotypesOptions) {
  const program = programOf(loss, options);
  const runs = DRAWS.map((draw) => evaluate(program, { ...feeds, direction, gumbel: drawing(...draw) }).outputs);
  const mean = new Float64Array(K * G);
  for (const [i, [a, b]] of DRAWS.entries())
    for (const [j, value] of runs[i]!.dalpha!.data.entries()) mean[j]! += P[0]![a]! * P[1]![b]! * value;
  return { mean, losses: runs.map((outputs) => outputs.loss!.data[0]!) };
}

test('straight-through equals the exact gradient, without variance, where the loss is linear', () => {
  const y = exactConvolution(x, weight, mixture(alpha), GENOTYPES, convolution);
  const exact = createProgram({ outputs: { dalpha: gradients(linear(y), [alpha])[0]! } });
  const expected = evaluate(exact, { ...feeds, direction }).outputs.dalpha!.data;
  const program = programOf(linear, { estimator: 'straight-through', part: { images: N } });
  for (const draw of DRAWS) {
    close(evaluate(program, { ...feeds, direction, gumbel: drawing(...draw) }).outputs.dalpha!.data, expected);
  }
});

test('what a genotype is weighed by is what choosing it does to a linear loss', () => {
  const options = { estimator: 'straight-through', part: { images: N } } as const;
  const { losses } = meanOverDraws(linear, options);
  const lossOf = (a: number, b: number) => losses[DRAWS.findIndex((draw) => draw[0] === a && draw[1] === b)]!;
  const program = programOf(linear, options);
  const { dalpha } = evaluate(program, { ...feeds, direction, gumbel: drawing(0, 1) }).outputs;
  // (2) from differences of losses: the constant of each group drops out.
  const expected = [0, 1].flatMap((k) => {
    const effect = GENOTYPES.map((_, g) => (k === 0 ? lossOf(g, 1) : lossOf(0, g)));
    const mean = effect.reduce((sum, one, h) => sum + P[k]![h]! * one, 0);
    return effect.map((one, g) => P[k]![g]! * (one - mean));
  });
  close(dalpha!.data, expected);
});

test('ReinMax is exact in the mean where the loss is quadratic; straight-through is not', () => {
  const { mean, losses } = meanOverDraws(quadratic, { estimator: 'reinmax', part: { images: N } });
  const expected = trueGradient(losses);
  close(mean, expected, 1e-7);
  const biased = meanOverDraws(quadratic, { estimator: 'straight-through', part: { images: N } }).mean;
  expect(() => close(biased, expected, 0.01)).toThrow();
});

describe.each(['straight-through', 'reinmax'] as const)('%s', (estimator) => {
  test.each([1, 2, 3])('on %i of 4 images it is, in the mean over which, that of the whole batch', (images) => {
    const gumbelOf = drawing(2, 0);
    const whole = evaluate(programOf(quadratic, { estimator, part: { images: N } }), {
      ...feeds,
      direction,
      gumbel: gumbelOf,
    });
    // Rotates the batch, the loss with it, so that every image is among the first ones equally often.
    const mean = new Float64Array(K * G);
    for (let turn = 0; turn < N; turn++) {
      const rotate = (tensor: Tensor) =>
        turn === 0 ? tensor : concat([sliceAxis(tensor, 0, turn, N), sliceAxis(tensor, 0, 0, turn)], 0);
      const loss = (y: Tensor) => {
        const summed = reduceSum(multiply(y, rotate(input('direction', 'float32', [N, O, 5, 5]))), { axes: [1] });
        return reduceSum(square(summed));
      };
      const program = programOf(loss, { estimator, part: { images } }, rotate(x));
      const { dalpha } = evaluate(program, { ...feeds, direction, gumbel: gumbelOf }).outputs;
      for (const [i, value] of dalpha!.data.entries()) mean[i]! += value / N;
    }
    close(mean, whole.outputs.dalpha!.data);
  });

  // 5 rows, or 3 with stride 2: strips that divide them, that do not, and more of them than rows.
  test.each([
    [1, 1],
    [5, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [8, 1],
    [2, 2],
    [3, 2],
    [4, 2],
  ])('on one of %i strips with stride %i it is, in the mean over which, that of the whole batch', (strips, stride) => {
    const rows = stride === 1 ? 5 : 3;
    const slope = hashed([N, O, rows, rows], 3);
    const loss = (y: Tensor) =>
      reduceSum(square(reduceSum(multiply(y, input('direction', 'float32', [N, O, rows, rows])), { axes: [1] })));
    const run = (part: WeighedPart, at: number) => {
      const own = { ...feeds, direction: slope, gumbel: drawing(2, 0) };
      const program = programOf(loss, { estimator, part }, x, stride);
      return evaluate(program, 'strips' in part ? { ...own, strip: tensorData('float32', [], [at]) } : own).outputs;
    };
    const whole = run({ images: N }, 0);
    const mean = new Float64Array(K * G);
    for (let which = 0; which < strips; which++) {
      const { y, dalpha } = run({ strips }, (which + 0.5) / strips);
      close(y!.data, whole.y!.data);
      for (const [i, value] of dalpha!.data.entries()) mean[i]! += value / strips;
    }
    close(mean, whole.dalpha!.data);
  });

  test('value and gradients of weights and input are those of the drawn network', () => {
    const outputs = (part: WeighedPart) =>
      evaluate(programOf(quadratic, { estimator, part }), {
        ...feeds,
        direction,
        gumbel: drawing(1, 2),
        ...('strips' in part && { strip: tensorData('float32', [], [0.4]) }),
      }).outputs;
    const oneHot = tensorData('float32', [K, G], [-1e3, 0, -1e3, -1e3, -1e3, 0]);
    const y = exactConvolution(x, weight, mixture(alpha), GENOTYPES, convolution);
    const [dw, dx] = gradients(quadratic(y), [weight, x]) as [Tensor, Tensor];
    const expected = evaluate(createProgram({ outputs: { y, dw, dx } }), {
      ...feeds,
      alpha: oneHot,
      direction,
    }).outputs;
    for (const part of [{ images: 1 }, { images: N }, { strips: 3 }]) {
      for (const name of ['y', 'dw', 'dx'] as const) close(outputs(part)[name]!.data, expected[name]!.data);
    }
  });
});

test('an eighth of the batch is weighed, at least one image, at most all', () => {
  expect([1, 8, 16, 20].map((batch) => weighedImages(batch))).toEqual([1, 1, 2, 2]);
  expect(weighedImages(4, 10)).toBe(4);
});
