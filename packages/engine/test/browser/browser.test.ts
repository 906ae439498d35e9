import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from '../../src/onnxruntime/index.js';
import { resultTests } from '../conformance.js';
import { losses } from '../tiny-training.js';
import { callInChromium, chromiumPath } from './chromium.js';
import type { PageOptions, PageReport } from './page.js';

const STEPS = 50;
const absent = chromiumPath === undefined;

const page = fileURLToPath(new URL('./page.ts', import.meta.url));
const examine = (name: 'onnxruntime-web' | 'tfjs:wasm', options: PageOptions, isolated = false) =>
  callInChromium<PageReport>(page, 'examine', [name, options], { isolated });

const reports = new Map<string, PageReport>();
let expected: number[] = [];
if (!absent) {
  for (const name of ['onnxruntime-web', 'tfjs:wasm'] as const) {
    reports.set(name, await examine(name, { steps: STEPS }));
  }
  const threaded = { steps: STEPS, threads: 2, only: 'conv2d' };
  reports.set('onnxruntime-web with two threads', await examine('onnxruntime-web', threaded, true));
  const engine = onnxruntimeEngine({ threads: 1 });
  expected = await losses(engine, STEPS);
  await engine.dispose();
}

describe.skipIf(absent)(
  absent ? 'in a browser (no Chromium here; CHROMIUM_PATH names one)' : 'in headless Chromium',
  () => {
    it('is run where there is a Chromium', () => expect(reports.size).toBe(3));

    for (const [name, report] of reports) {
      describe(`${name} computes what the float64 reference does`, () => resultTests(report.results));

      describe(`${name} keeps the contract of engines`, () => {
        for (const [check, errors] of Object.entries(report.contract)) it(check, () => expect(errors).toEqual([]));
      });

      it(`${name} trains as onnxruntime does, 50 steps`, () => {
        const worst = Math.max(...report.losses.map((loss, i) => Math.abs(loss - expected[i]!)));
        expect(report.losses).toHaveLength(STEPS);
        expect(worst).toBeLessThan(1e-3);
      });
    }

    it('says where it ran, and with how many threads', () => {
      const [plain, , threaded] = [...reports.values()];
      expect(plain!.fingerprint).toMatchObject({ threads: 1, machine: expect.stringMatching(/Chrome/) });
      expect(threaded!.fingerprint).toMatchObject({ threads: 2 });
    });
  },
);
