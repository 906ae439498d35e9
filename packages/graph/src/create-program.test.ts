import { describe, expect, it } from 'vitest';
import { createProgram } from './create-program.js';
import { gradients } from './gradients.js';
import { add, multiply } from './ops/binary.js';
import { reduceSum } from './ops/reduction.js';
import { constant, input, variable } from './ops/source.js';
import { exp, sigmoid } from './ops/unary.js';
import { evaluate } from './reference-engine.js';
import { tensorData } from './tensor-data.js';

const x = input('x', 'float32', [2]);

describe('createProgram', () => {
  it('collects sources by name and drops what nothing needs', () => {
    const w = variable('w', 'float32', [2]);
    exp(multiply(x, w));
    const program = createProgram({ outputs: { y: add(x, w) } });
    expect([...program.inputs.keys()]).toEqual(['x']);
    expect([...program.variables.keys()]).toEqual(['w']);
    expect(program.nodes.map(({ op }) => op.name)).toEqual(['input', 'variable', 'add']);
  });

  it('puts inputs before users', () => {
    let y = x;
    for (let i = 0; i < 20; i++) y = add(multiply(y, x), exp(y));
    const seen = new Set();
    for (const node of createProgram({ outputs: { y } }).nodes) {
      expect(node.inputs.every((input) => seen.has(input.node))).toBe(true);
      seen.add(node);
    }
  });

  it.each([
    ['two inputs', () => createProgram({ outputs: { y: add(x, input('x', 'float32', [1])) } })],
    [
      'two variables',
      () => createProgram({ outputs: { y: add(variable('w', 'float32', [2]), variable('w', 'float32', [])) } }),
    ],
    ['input and variable', () => createProgram({ outputs: { y: add(x, variable('x', 'float32', [2])) } })],
    ['input and output', () => createProgram({ outputs: { x: add(x, 1) } })],
    ['variable and output', () => createProgram({ outputs: { w: add(variable('w', 'float32', [2]), 1) } })],
  ])('refuses names that clash: %s', (_, create) => {
    expect(create).toThrow(expect.objectContaining({ code: 'name' }));
  });

  it('takes one input that was made twice', () => {
    const program = createProgram({ outputs: { y: add(x, input('x', 'float32', [2])) } });
    expect(program.inputs.size).toBe(1);
  });

  it("refuses an update of another type than its variable's", () => {
    const w = variable('w', 'float32', [2]);
    const updates = new Map([['w', reduceSum(w)]]);
    expect(() => createProgram({ outputs: {}, updates })).toThrow(
      /w.*received float32\[\].*new value has its type.*float32\[2\]/,
    );
  });

  it('refuses empty names', () => {
    expect(() => input('', 'float32', [])).toThrow(/not empty/);
    expect(() => variable('', 'float32', [])).toThrow(/not empty/);
  });

  it('reads the old state in every update', () => {
    const [a, b] = [variable('a', 'float32', []), variable('b', 'float32', [])];
    const updates = new Map([
      ['a', add(a, b)],
      ['b', a],
    ]);
    const state = new Map([
      ['a', tensorData('float32', [], [1])],
      ['b', tensorData('float32', [], [10])],
    ]);
    const results = evaluate(createProgram({ outputs: { sum: add(a, b) }, updates }), {}, state);
    expect([...results.updates].map(([name, { data }]) => [name, data[0]])).toEqual([
      ['a', 11],
      ['b', 1],
    ]);
    expect(results.outputs.sum!.data[0]).toBe(11);
  });
});

describe('depth', () => {
  it('does not overflow the stack: 10,000 ops, their gradients, and all passes', () => {
    let y = input('x', 'float32', []);
    const start = y;
    for (let i = 0; i < 5000; i++) y = add(multiply(sigmoid(y), 0.9), constant(tensorData('float32', [], [i % 7])));
    const [dx] = gradients(y, [start]);
    const program = createProgram({ outputs: { y, dx: dx! } });
    expect(program.nodes.length).toBeGreaterThan(10_000);
    const { outputs } = evaluate(program, { x: tensorData('float32', [], [0.5]) });
    expect(Number.isFinite(outputs.y!.data[0])).toBe(true);
    expect(Number.isFinite(outputs.dx!.data[0])).toBe(true);
  });
});
