import * as g from '@nats/graph';
import { expect, it } from 'vitest';
import { decompose } from './decompose/index.js';
import { NHWC } from './permutation.js';
import { planProgram } from './plan.js';

const conversions = (outputs: Readonly<Record<string, g.Tensor>>) =>
  planProgram(decompose(g.createProgram({ outputs }))).instructions.filter(({ kind }) => kind === 'convert');

const x = g.input('x', 'float32', [2, 3, 8, 8]);
const firstWeight = g.variable('first', 'float32', [8, 3, 3, 3]);
const secondWeight = g.variable('second', 'float32', [8, 8, 3, 3]);

function block(scale: g.Tensor): g.Tensor {
  const first = g.conv2d(x, firstWeight, { padding: 1 });
  const { y } = g.batchNormTraining(
    first,
    g.variable('gamma', 'float32', [8]),
    g.variable('beta', 'float32', [8]),
    1e-5,
  );
  const pooled = g.maxPool2d(g.relu(y), { kernel: 3, stride: 2, padding: 1 });
  const second = g.conv2d(pooled, secondWeight, { padding: 2, dilation: 2, stride: 1 });
  return g.multiply(g.relu(g.add(second, pooled)), scale);
}

const scale = g.variable('scale', 'float32', [8, 1, 1]);

it('turns the image once and each weight once, and nothing on the way', () => {
  const result = g.globalAveragePool(block(scale));
  expect(conversions({ result }).map(({ kind, ...rest }) => (rest as { permutation: unknown }).permutation)).toEqual([
    NHWC,
    [2, 3, 1, 0],
    [2, 3, 1, 0],
    // Of a tensor with one pixel: a new shape.
    [0, 3, 1, 2],
  ]);
});

it('turns a map at the end if it is a result, and not at all if the program asks for NHWC', () => {
  const transposed = conversions({ result: block(scale) }).length;
  expect(transposed).toBe(4);
  expect(conversions({ result: g.transpose(block(scale), [0, 2, 3, 1]) })).toHaveLength(transposed - 1);
});

it('turns a few times in a training step, not at each op', () => {
  const loss = g.reduceSum(g.square(block(scale)));
  const gradients = g.gradients(loss, [firstWeight, secondWeight, scale]);
  const program = decompose(g.createProgram({ outputs: { loss, ...Object.fromEntries(gradients.entries()) } }));
  const plan = planProgram(program);
  const moved = plan.instructions.filter(({ kind }) => kind === 'convert').length;
  expect(plan.instructions.length).toBeGreaterThan(150);
  // Both images and weights for three convolutions, what weight gradients see, and their results.
  expect(moved).toBeLessThanOrEqual(12);
});

it('frees every slot after its last use', () => {
  const plan = planProgram(decompose(g.createProgram({ outputs: { result: block(scale) } })));
  const freed = plan.instructions.flatMap(({ free }) => free);
  expect(new Set(freed).size).toBe(freed.length);
  const kept = new Set([...plan.constants.keys(), ...plan.variables.values(), ...plan.outputs.values()]);
  expect(freed.length + kept.size).toBe(plan.slots);
});
