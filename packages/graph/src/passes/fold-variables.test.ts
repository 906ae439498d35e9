import { expect, test } from 'vitest';
import { createProgram } from '../create-program.js';
import { add, divide, multiply } from '../ops/binary.js';
import { gather } from '../ops/indexing.js';
import { matMul } from '../ops/matmul.js';
import { reshape } from '../ops/reshape.js';
import { constant, input, variable } from '../ops/source.js';
import { sqrt } from '../ops/unary.js';
import { evaluate } from '../reference-engine.js';
import { tensorData } from '../tensor-data.js';
import { foldVariables } from './fold-variables.js';

const values = new Map([
  ['weight', tensorData('float32', [2, 2], [1, 2, 3, 4])],
  ['variance', tensorData('float32', [2], [0.1, 0.2])],
  ['direct', tensorData('float32', [2, 2], [5, 6, 7, 8])],
]);
const x = input('x', 'float32', ['N', 2]);
const weight = variable('weight', 'float32', [2, 2]);
const swapped = gather(weight, constant(tensorData('int32', [2], [1, 0])), 0);
const scale = divide(1, sqrt(add(variable('variance', 'float32', [2]), 1e-5)));
const h = multiply(matMul(x, swapped), reshape(scale, [1, 2]));
const y = matMul(h, variable('direct', 'float32', [2, 2]));
const feeds = { x: tensorData('float32', [3, 2], [1, -2, 3, -4, 5, -6]) };

test('what depends on variables alone is computed once; variables that are read directly keep their names', () => {
  const program = createProgram({ outputs: { y } });
  const folded = foldVariables(program, values);
  expect([...folded.variables.keys()]).toEqual(['direct']);
  expect(
    folded.nodes.map(({ op }) => op.name).filter((name) => !['constant', 'input', 'variable'].includes(name)),
  ).toEqual(['matMul', 'multiply', 'matMul']);
  const expected = evaluate(program, feeds, values).outputs.y!;
  const actual = evaluate(folded, feeds, values).outputs.y!;
  for (const [i, value] of expected.data.entries()) expect(actual.data[i]).toBeCloseTo(value, 4);
  // The chain of the scale is rounded once, at its end.
  const constants = folded.nodes
    .filter(({ op }) => op.name === 'constant')
    .flatMap(({ attributes }) => [...(attributes as { value: { data: Float32Array } }).value.data]);
  expect(constants).toContain(Math.fround(1 / Math.sqrt(Math.fround(0.2) + 1e-5)));
});

test('variables without a value stay, and so does what reads them', () => {
  const folded = foldVariables(createProgram({ outputs: { y } }), new Map([['weight', values.get('weight')!]]));
  expect([...folded.variables.keys()]).toEqual(['variance', 'direct']);
  expect(folded.nodes.some(({ op }) => op.name === 'gather')).toBe(false);
});

test('an output may be known beforehand', () => {
  const folded = foldVariables(createProgram({ outputs: { swapped, unchanged: weight } }), values);
  expect(evaluate(folded, {}, values).outputs.swapped!.data).toEqual(Float64Array.of(3, 4, 1, 2));
  expect([...folded.variables.keys()]).toEqual(['weight']);
});
