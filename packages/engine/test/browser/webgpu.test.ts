import { fileURLToPath } from 'node:url';
import type { CaseResult } from '@nats/graph/testing';
import { describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from '../../src/onnxruntime/index.js';
import { NOT_PROMISED } from '../../src/onnxruntime/webgpu/faults.js';
import { resultTests } from '../conformance.js';
import { losses } from '../tiny-training.js';
import { callInChromium, chromiumPath } from './chromium.js';
import type { LostDevice, PageReport } from './page.js';

const STEPS = 50;
const absent = chromiumPath === undefined;
const page = fileURLToPath(new URL('./page.ts', import.meta.url));

const reports = new Map<string, PageReport>();
let expected: number[] = [];
if (!absent) {
  for (const name of ['onnxruntime-web:webgpu', 'tfjs:webgpu'] as const) {
    reports.set(name, await callInChromium<PageReport>(page, 'examine', [name, { steps: STEPS }]));
  }
  const engine = onnxruntimeEngine({ threads: 1 });
  expected = await losses(engine, STEPS);
  await engine.dispose();
}

/** Those that a WebGPU implementation need not pass, if this one does not. */
function promised(result: CaseResult): CaseResult {
  const reason = NOT_PROMISED[result.name];
  return reason === undefined || result.errors.length === 0 ? result : { ...result, errors: [], skipped: reason };
}

describe.skipIf(absent)(
  absent ? 'WebGPU in a browser (no Chromium here; CHROMIUM_PATH names one)' : 'WebGPU in headless Chromium',
  () => {
    it('is run where there is a Chromium', () => expect(reports.size).toBe(2));

    for (const [name, report] of reports) {
      describe(`${name} computes what the float64 reference does`, () => resultTests(report.results.map(promised)));

      describe(`${name} keeps the contract of engines`, () => {
        for (const [check, errors] of Object.entries(report.contract)) it(check, () => expect(errors).toEqual([]));
      });

      it(`${name} trains as onnxruntime does, ${STEPS} steps`, () => {
        const worst = Math.max(...report.losses.map((loss, i) => Math.abs(loss - expected[i]!)));
        expect(report.losses).toHaveLength(STEPS);
        expect(worst).toBeLessThan(1e-3);
      });
    }

    it('a device that is lost in the middle of a training is said', async () => {
      const { first, error } = await callInChromium<LostDevice>(page, 'loseDevice', []);
      expect(first).toBeGreaterThan(0);
      expect(error).toMatchObject({ code: 'device', limit: expect.stringMatching(/last checkpoint/) });
    });

    it('a tensor that no device can hold is said', async () => {
      const error = await callInChromium<LostDevice['error']>(page, 'largeTensor', []);
      expect(error).toMatchObject({ code: 'device', received: expect.stringMatching(/8590 MB/) });
    });

    it('tfjs chooses no software adapter by itself', async () => {
      expect(await callInChromium<string>(page, 'chosenBackend', [])).toBe('cpu');
    });
  },
);
