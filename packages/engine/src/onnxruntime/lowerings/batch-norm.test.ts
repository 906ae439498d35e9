import { portableLowerings } from '@nats/export';
import * as g from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { describe, expect, it } from 'vitest';
import { errorAgainstReference } from '../../../test/compare.js';

const SHAPES = [
  [4, 3, 5, 7],
  [2, 8, 2, 1],
  [1, 2, 16, 16],
  [8, 64, 4, 4],
] as const;

/** Far from zero mean, so that sums of squares would cancel. */
function shifted(shape: readonly number[], by: number): g.TensorData {
  return g.tensorData(
    'float32',
    shape,
    hashed(shape, 1).data.map((value) => value + by),
  );
}

function network(shape: readonly number[], mean0 = 30) {
  const [x, weight, bias] = [
    g.input('x', 'float32', shape),
    g.input('w', 'float32', [shape[1]!]),
    g.input('b', 'float32', [shape[1]!]),
  ];
  const { y, mean, variance } = g.batchNormTraining(x, weight, bias, 1e-5);
  const feeds = { x: shifted(shape, mean0), w: hashed([shape[1]!], 2), b: hashed([shape[1]!], 3) };
  return { x, weight, bias, y, mean, variance, feeds };
}

const weighted = (y: g.Tensor, seed: number) => g.multiply(y, g.constant(hashed(y.shape as number[], seed)));

describe('batch norm in training', () => {
  for (const shape of SHAPES) {
    for (const [name, lowerings] of [
      ['fused', []],
      ['portable', portableLowerings],
    ] as const) {
      it(`${name}, ${shape.join(' x ')}: values and gradients`, async () => {
        const { x, weight, bias, y, mean, variance, feeds } = network(shape);
        const [dx, dw, db] = g.gradients(g.reduceSum(weighted(y, 4)), [x, weight, bias]);
        const outputs = { y, mean, variance, dw: dw!, db: db!, dx: dx! };
        expect(await errorAgainstReference(outputs, feeds, lowerings)).toBeLessThan(2e-4);
      });
    }
  }

  it('is what its formula says, and so are first and second derivatives (constants such as 1 / count are float32)', async () => {
    const shape = [3, 2, 2, 3];
    const { x, weight, bias, y, mean, variance, feeds } = network(shape, 0);
    const axes = [0, 2, 3];
    const m = g.reduceMean(x, { axes, keepDims: true });
    const centered = g.subtract(x, m);
    const v = g.reduceMean(g.square(centered), { axes, keepDims: true });
    const column = (value: g.Tensor) => g.reshape(value, [2, 1, 1]);
    const plain = g.add(g.multiply(centered, g.divide(column(weight), g.sqrt(g.add(v, 1e-5)))), column(bias));
    const derivatives = (result: g.Tensor, first: g.Tensor, second: g.Tensor) => {
      // A loss that looks at the statistics too.
      const loss = g.add(
        g.reduceSum(weighted(g.square(result), 4)),
        g.add(g.reduceSum(weighted(g.square(first), 5)), g.reduceSum(weighted(g.square(second), 6))),
      );
      const once = g.gradients(loss, [x, weight, bias]);
      const norm = once
        .map((gradient, i) => g.reduceSum(weighted(g.square(gradient), 7 + i)))
        .reduce((a, b) => g.add(a, b));
      return [...once, ...g.gradients(norm, [x, weight, bias])];
    };
    const both = [derivatives(y, mean, variance), derivatives(plain, g.reshape(m, [2]), g.reshape(v, [2]))] as const;
    const outputs = Object.fromEntries(both.flatMap((list, k) => list.map((t, i) => [`${k} ${i}`, t])));
    const engine = g.referenceEngine();
    const executable = await engine.compile(g.createProgram({ outputs }));
    const results = await executable.run(await engine.createState(g.EMPTY_SPEC, new Map()), feeds);
    for (let i = 0; i < 6; i++) {
      const [a, b] = [results[`0 ${i}`]!.data, results[`1 ${i}`]!.data];
      const largest = Math.max(...Array.from(b, Math.abs));
      for (let k = 0; k < b.length; k++) expect(Math.abs(a[k]! - b[k]!) / largest).toBeLessThan(1e-6);
    }
  });
});
