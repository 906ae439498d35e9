import { expect, test } from 'vitest';
import { createProgram } from '../create-program.js';
import { gradients } from '../gradients.js';
import { evaluate } from '../reference-engine.js';
import { type TensorData, tensorData } from '../tensor-data.js';
import { multiply } from './binary.js';
import { gather } from './indexing.js';
import { reduceSum } from './reduction.js';
import { constant, input } from './source.js';

const weights = tensorData('float32', [2, 3], [1, 10, 100, 7, 70, 700]);

/** The gradient by `x` of a gather along axis 1 with these indices, fed or constant. */
function gradient(indices: readonly number[], fed: boolean) {
  const x = input('x', 'float32', [2, 3]);
  const values: TensorData = tensorData('int32', [3], indices);
  const y = gather(x, fed ? input('indices', 'int32', [3]) : constant(values), 1);
  const [dx] = gradients(reduceSum(multiply(y, constant(weights))), [x]);
  const program = createProgram({ outputs: { dx: dx! } });
  const { outputs } = evaluate(program, fed ? { indices: values } : {});
  return { dx: [...outputs.dx!.data], ops: program.nodes.map((node) => node.op.name) };
}

test('the gradient of a gather by a constant permutation is the inverse gather, with the same values', () => {
  const x = gradient([2, 0, 1], false);
  expect(x.dx).toEqual([10, 100, 1, 70, 700, 7]);
  expect(x.dx).toEqual(gradient([2, 0, 1], true).dx);
  expect(x.ops).not.toContain('matMul');
});

test('gradients of repeated indices are summed, those of missing ones are zero', () => {
  expect(gradient([1, 1, 0], false).dx).toEqual([100, 11, 0, 700, 77, 0]);
  expect(gradient([1, 1, 0], true).dx).toEqual([100, 11, 0, 700, 77, 0]);
});
