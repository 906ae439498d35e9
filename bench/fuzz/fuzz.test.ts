import { expect, test } from 'vitest';
import { mutate } from './mutate.js';
import { READERS } from './readers.js';
import { type Finding, runInputs } from './run-inputs.js';

/** Inputs of each reader: `npm run fuzz` goes on from there. */
const INPUTS = 150;

test.each(READERS.map((reader) => [reader.name, reader] as const))(
  'changed files: %s reads them or says what is wrong',
  async (_, reader) => {
    const findings: Finding[] = [];
    const onFinding = (finding: Finding) => findings.push(finding);
    const outcomes = await runInputs(reader, { seed: 1, from: 0, until: INPUTS, onFinding });
    expect(findings).toEqual([]);
    expect(outcomes.inputs).toBe(INPUTS);
    // Some are refused: the changes reach what is checked.
    expect(outcomes.typed).toBeGreaterThan(0);
  },
);

test('an input is a function of seed and number', () => {
  const corpus = [Buffer.from('{"a": [1, 2, "three"]}'), Buffer.from([1, 2, 3])];
  const inputs = (seed: number) =>
    Array.from({ length: 50 }, (_, i) => Buffer.from(mutate(corpus, seed, i)).toString('hex'));
  expect(inputs(1)).toEqual(inputs(1));
  expect(inputs(1)).not.toEqual(inputs(2));
  expect(new Set(inputs(1)).size).toBeGreaterThan(30);
});
