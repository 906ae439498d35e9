import * as g from '@nats/graph';
import { caseProgram, conformanceCases } from '@nats/graph/testing';
import { expect, test } from 'vitest';
import { cudaCpuNodes } from './cpu-nodes.js';

const found = (outputs: Record<string, g.Tensor>) => cudaCpuNodes(g.createProgram({ outputs }));
const x = g.input('x', 'float32', [2, 3]);

test('names what has no kernel, by op and by type', () => {
  expect(found({ y: g.exp(g.add(x, 1)) })).toEqual([]);
  expect(found({ y: g.atan(x) })).toEqual([{ name: 'node/y', op: 'Atan', type: 'float32' }]);
  const whole = g.input('whole', 'uint8', [2, 3]);
  expect(
    found({
      y: g.pad(whole, [
        [1, 0],
        [0, 0],
      ]),
    }),
  ).toEqual([{ name: 'node/y', op: 'Pad', type: 'uint8' }]);
});

test('of all ops and dtypes, these alone would be computed on the CPU', () => {
  const nodes = conformanceCases().flatMap((subject) => cudaCpuNodes(caseProgram(subject)));
  const kinds = new Set(nodes.map(({ op, type }) => `${op} of ${type}`));
  expect([...kinds].sort()).toEqual([
    'ArgMax of int32',
    // Of a loss by complete IoU.
    'Atan of float32',
    // Of the proposals of detectors of two stages.
    'NonMaxSuppression of float32',
    'Pad of int32',
    'Pad of uint8',
  ]);
});
