import * as g from '@nats/graph';
import { conformanceCases, runCases } from '@nats/graph/testing';
import { expect, it } from 'vitest';
import { decompose } from './index.js';

it('says programs in simpler ops without changing what they compute, in float64', async () => {
  const reference = g.referenceEngine();
  const engine: g.Engine = { ...reference, compile: (program) => reference.compile(decompose(program)) };
  const results = await runCases(engine, conformanceCases());
  expect(results.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`))).toEqual([]);
});

it('leaves no gradient of a convolution behind', () => {
  const [x, w] = [g.input('x', 'float32', [2, 4, 9, 8]), g.input('w', 'float32', [6, 2, 3, 3])];
  const y = g.conv2d(x, w, { stride: 2, dilation: 2, padding: 2, groups: 2 });
  const [dx, dw] = g.gradients(g.reduceSum(g.square(y)), [x, w]);
  const program = decompose(g.createProgram({ outputs: { dx: dx!, dw: dw! } }));
  const names = new Set(program.nodes.map(({ op }) => op.name));
  expect([...names].filter((name) => name.startsWith('convGrad'))).toEqual([]);
  const groups = program.nodes.filter(({ op }) => op.name === 'conv2d').map(({ attributes }) => attributes);
  expect(groups).toHaveLength(4);
  for (const attributes of groups) expect(attributes).toMatchObject({ groups: 1 });
});
