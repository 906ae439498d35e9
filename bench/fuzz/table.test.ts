import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { noOutcomes } from './run-inputs.js';
import { openTable } from './table.js';

const folder = mkdtempSync(join(tmpdir(), 'nats-fuzz-table-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'fuzz.json');
const open = (add = true) => openTable(file, { command: 'fuzz', seed: 1, add });
const rows = () => (JSON.parse(readFileSync(file, 'utf8')) as { rows: unknown[] }).rows;
const outcomes = (inputs: number, untyped = 0) => ({ ...noOutcomes(), inputs, untyped, typed: inputs - untyped });

test('inputs of several runs add up, and each goes on after those before', () => {
  open(false).write('coco', outcomes(10));
  const second = open();
  expect([second.inputs('coco'), second.inputs('voc')]).toEqual([10, 0]);
  second.write('coco', outcomes(5));
  second.write('voc', outcomes(2));
  expect(rows()).toEqual([
    ['coco', 15, 0, 15, 0, 0, 0],
    ['voc', 2, 0, 2, 0, 0, 0],
    ['all', 17, 0, 17, 0, 0, 0],
  ]);
  const { runs } = JSON.parse(readFileSync(file, 'utf8')) as { runs: { inputs: unknown }[] };
  expect(runs.map(({ inputs }) => inputs)).toEqual([{ coco: 10 }, { coco: 5, voc: 2 }]);
});

test('a reader with findings begins again', () => {
  open().write('voc', outcomes(3, 1));
  expect(rows()).toContainEqual(['voc', 5, 0, 4, 1, 0, 0]);
  const repaired = open();
  expect(repaired.inputs('voc')).toBe(0);
  repaired.write('voc', outcomes(4));
  expect(rows()).toContainEqual(['voc', 4, 0, 4, 0, 0, 0]);
});

test('inputs of another seed are not added', () => {
  expect(() => openTable(file, { command: 'fuzz', seed: 2, add: true })).toThrow('seed 1');
});
