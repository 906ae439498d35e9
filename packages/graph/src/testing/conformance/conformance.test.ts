import { describe, expect, it } from 'vitest';
import * as graph from '../../index.js';
import { conformanceCases, contractChecks, finiteDifferenceErrors, opsOf, runCases } from './index.js';

const cases = conformanceCases();
const engine = graph.referenceEngine();
const results = new Map((await runCases(engine, cases)).map((result) => [result.name, result]));

describe('the reference engine', () => {
  for (const subject of cases) {
    it(subject.name, () => {
      expect([...results.get(subject.name)!.errors, ...finiteDifferenceErrors(subject)]).toEqual([]);
    });
  }
});

describe('the reference engine as an engine', () => {
  for (const { name, run } of contractChecks()) it(name, async () => expect(await run(engine)).toEqual([]));
});

describe('the suite', () => {
  it('has a case for every op', () => {
    const defined = Object.values(graph).flatMap((value) => (isOp(value) ? [value.name] : []));
    const covered = new Set(cases.flatMap((subject) => [...opsOf(subject)]));
    expect(defined.length).toBeGreaterThan(60);
    expect(defined.filter((name) => !covered.has(name))).toEqual([]);
  });

  it('names its cases differently', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('takes a failing bundle apart', async () => {
    const [good, alsoGood] = [cases[0]!, cases[1]!];
    const bad = { ...cases[2]!, name: 'bad', build: () => ({ y: refusing }) };
    const found = await runCases(engine, [good, bad, alsoGood]);
    expect(found.map(({ errors }) => errors.length)).toEqual([0, 1, 0]);
    expect(found[1]!.errors[0]).toContain('refuses');
  });

  it('finds wrong values and wrong gradients', async () => {
    const twice = graph.defineOp<Record<never, never>>({
      name: 'wrong',
      infer: ([x]) => [x!],
      gradient: ({ gradients: [g] }) => [graph.multiply(g, 3)],
      evaluate: ([x]) => [{ ...x!, data: x!.data.map((value) => value * 2) }],
    });
    const subject = {
      name: 'wrong',
      inputs: { x: graph.tensorData('float32', [2], [1, 2]) },
      build: ({ x }: Readonly<Record<string, graph.Tensor>>) => ({ y: graph.apply(twice, [x!], {}) }),
      expected: { y: [2, 5] },
    };
    expect((await runCases(engine, [subject]))[0]!.errors).toEqual([
      'reference: y element 1 is 4, not 5 (bound 0.000050)',
    ]);
    expect(finiteDifferenceErrors(subject)).toHaveLength(4);
  });
});

const refusing = graph.apply(
  graph.defineOp<Record<never, never>>({
    name: 'refusing',
    infer: () => [{ dtype: 'float32', shape: [] }],
    evaluate: () => {
      throw new Error('refuses');
    },
  }),
  [],
  {},
);

function isOp(value: unknown): value is { name: string } {
  return typeof value === 'object' && value !== null && 'infer' in value && 'evaluate' in value;
}
