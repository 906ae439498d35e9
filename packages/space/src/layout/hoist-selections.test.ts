import { add, conv2d, createProgram, evaluate, input, relu, sliceAxis, type Tensor, variable } from '@nats/graph';
import { hashed } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { hoistSelections } from './hoist-selections.js';

const x = input('x', 'float32', [1, 2, 4, 4]);
const map = relu(conv2d(x, variable('weight', 'float32', [6, 2, 1, 1])));
const [low, high, middle] = [sliceAxis(map, 1, 0, 3), sliceAxis(map, 1, 3, 6), sliceAxis(map, 1, 2, 5)];

/** Output channels of the convolutions of the program after the pass, and whether anything is picked from a map. */
function after(outputs: Record<string, Tensor>) {
  const { nodes } = hoistSelections(createProgram({ outputs }));
  return {
    convolutions: nodes.filter(({ op }) => op.name === 'conv2d').map((node) => node.outputs[0]!.shape[1]),
    picksMaps: nodes.some(({ op, inputs }) => op.name === 'slice' && inputs[0]!.node.op.name === 'relu'),
  };
}

test('parts of a map are made by convolutions of their own', () => {
  expect(after({ low, high })).toEqual({ convolutions: [3, 3], picksMaps: false });
  expect(after({ low })).toEqual({ convolutions: [3], picksMaps: false });
});

test('not if a channel would be computed twice', () => {
  expect(after({ low, middle })).toEqual({ convolutions: [6], picksMaps: true });
});

test('not if the whole map is needed as well, by a node or as an output', () => {
  expect(after({ low, high, sum: add(map, 1) })).toEqual({ convolutions: [6], picksMaps: true });
  expect(after({ low, high, map })).toEqual({ convolutions: [6], picksMaps: true });
});

test("a convolution's bias is picked with its weight", () => {
  const biased = relu(conv2d(x, variable('w', 'float32', [6, 2, 1, 1]), {}, variable('bias', 'float32', [6])));
  const program = createProgram({ outputs: { low: sliceAxis(biased, 1, 0, 3), high: sliceAxis(biased, 1, 3, 6) } });
  const feeds = { x: hashed([1, 2, 4, 4], 1) };
  const values = new Map([
    ['w', hashed([6, 2, 1, 1], 2)],
    ['bias', hashed([6], 3)],
  ]);
  const { outputs } = evaluate(hoistSelections(program), feeds, values);
  expect(outputs).toEqual(evaluate(program, feeds, values).outputs);
});
