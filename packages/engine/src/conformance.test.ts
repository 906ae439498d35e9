import { portableLowerings } from '@nats/export';
import { type CaseResult, conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from './onnxruntime/index.js';

const engine = onnxruntimeEngine();
const portable = onnxruntimeEngine({ lowerings: portableLowerings });
const results = await runCases(engine, conformanceCases());
const portableResults = await runCases(portable, conformanceCases());

afterAll(async () => {
  await engine.dispose();
  await portable.dispose();
});

function tests(cases: readonly CaseResult[]): void {
  for (const { name, errors, skipped } of cases) {
    it.skipIf(skipped !== undefined)(skipped === undefined ? name : `${name} (${skipped})`, () => {
      expect(errors).toEqual([]);
    });
  }
}

describe('onnxruntime computes what the float64 reference does', () => tests(results));
describe('so do the lowerings of exported files', () => tests(portableResults));

describe('onnxruntime keeps the contract of engines', () => {
  for (const { name, run } of contractChecks()) it(name, async () => expect(await run(engine)).toEqual([]));
});
