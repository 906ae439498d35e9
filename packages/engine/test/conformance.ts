import type { Engine } from '@nats/graph';
import { type CaseResult, conformanceCases, contractChecks, runCases } from '@nats/graph/testing';
import { describe, expect, it } from 'vitest';

/** One test for each result; skips carry their reason. */
export function resultTests(results: readonly CaseResult[]): void {
  for (const { name, errors, skipped } of results) {
    it.skipIf(skipped !== undefined)(skipped === undefined ? name : `${name} (${skipped})`, () => {
      expect(errors).toEqual([]);
    });
  }
}

/** The whole conformance suite, and the contract of engines. */
export async function conformanceTests(engine: Engine, label = engine.name): Promise<void> {
  const results = await runCases(engine, conformanceCases());
  describe(`${label} computes what the float64 reference does`, () => resultTests(results));
  describe(`${label} keeps the contract of engines`, () => {
    for (const { name, run } of contractChecks()) it(name, async () => expect(await run(engine)).toEqual([]));
  });
}
