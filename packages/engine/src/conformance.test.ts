import { conformanceCases, runCases } from '@nats/graph/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from './onnxruntime/index.js';

const engine = onnxruntimeEngine();
const results = await runCases(engine, conformanceCases());
afterAll(() => engine.dispose());

describe('onnxruntime computes what the float64 reference does', () => {
  for (const { name, errors, skipped } of results) {
    it.skipIf(skipped !== undefined)(skipped === undefined ? name : `${name} (${skipped})`, () => {
      expect(errors).toEqual([]);
    });
  }
});
