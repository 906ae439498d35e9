import type { CaseResult } from '@nats/graph/testing';
import { describe, expect, it } from 'vitest';
import { onnxruntimeEngine } from '../../src/onnxruntime/index.js';
import { NOT_PROMISED, WEBGPU_FAULTS } from '../../src/onnxruntime/webgpu/faults.js';
import { resultTests } from '../conformance.js';
import { losses } from '../tiny-training.js';
import { adapterEnvironment } from './adapter.js';
import type { SuiteReport } from './child.js';
import { inChild } from './in-child.js';

const STEPS = 50;
const environment = adapterEnvironment();
const absent = environment === undefined;
const withoutDriver = { ...environment, VK_ICD_FILENAMES: '/nowhere.json' };

let suite: SuiteReport | undefined;
let expected: number[] = [];
if (!absent) {
  const { result, output } = await inChild<SuiteReport>(environment, 'suite', String(STEPS));
  if (!result) throw new Error(`the suite ended without a result: ${output.slice(-2000)}`);
  suite = result;
  const engine = onnxruntimeEngine({ threads: 1 });
  expected = await losses(engine, STEPS);
  await engine.dispose();
}

/** What no WebGPU implementation has to do is not asked of this one. */
function promised(result: CaseResult): CaseResult {
  const reason = NOT_PROMISED[result.name];
  return reason === undefined ? result : { ...result, errors: [], skipped: reason };
}

describe.skipIf(absent)(
  absent ? 'onnxruntime:webgpu (no adapter: install chromium, for its software adapter)' : 'onnxruntime:webgpu',
  () => {
    it('is run where there is an adapter', () => expect(suite!.results.length).toBeGreaterThan(400));

    describe('computes what the float64 reference does', () => resultTests((suite?.results ?? []).map(promised)));

    describe('keeps the contract of engines', () => {
      for (const [check, errors] of Object.entries(suite?.contract ?? {})) it(check, () => expect(errors).toEqual([]));
    });

    it(`trains as onnxruntime does on the CPU, ${STEPS} steps`, () => {
      const worst = Math.max(...suite!.losses.map((loss, i) => Math.abs(loss - expected[i]!)));
      expect(suite!.losses).toHaveLength(STEPS);
      expect(worst).toBeLessThan(1e-3);
    });

    it('computes a whole training step on the device', async () => {
      const { result, output } = await inChild(environment!, 'placement');
      expect(result, output).toEqual({
        own: 'none',
        portable: { code: expect.stringMatching(/not.*assigned to.*CPU|fallback|cannot/i) },
      });
    });

    it('frees what a step leaves behind', async () => {
      const { result, output } = await inChild<{ bytes: [number, number]; last: number }>(environment!, 'memory');
      expect(result, output).toBeDefined();
      const { bytes, last } = result!;
      expect(last).toBe(1000);
      // 800 states of 4 MB would be 3.3 GB.
      expect(bytes[1] - bytes[0]).toBeLessThan(100e6);
    });

    it('says which tensor is too large for the device, and keeps the state', async () => {
      const { result, output } = await inChild<{ error: object; after: number[]; alive: number[] }>(
        environment!,
        'large',
      );
      expect(result?.error, output).toMatchObject({
        code: 'device',
        rule: expect.stringMatching(/maxBufferSize and maxStorageBufferBindingSize/),
        received: expect.stringMatching(/float32\[1024, 2097152\] \(8590 MB, at backbone\/stem, broadcastTo\)/),
        limit: expect.stringMatching(/smaller batch or input size/),
      });
      expect(result).toMatchObject({ after: [1], alive: [3] });
    });

    it('says that there is no adapter', async () => {
      const { result } = await inChild(withoutDriver, 'nothing');
      expect(result).toMatchObject({ code: 'device', received: 'none here', limit: expect.stringMatching(/driver/) });
    });

    it.skipIf(process.env.NATS_TEST_ADAPTER === 'own')(
      'doctor names the adapter, quietly; auto leaves software alone',
      async () => {
        const { result, output } = await inChild<{ text: string }>(environment!, 'doctor');
        expect(result, output).toMatchObject({
          found: {
            engines: [
              { providers: [{ works: true, adapter: { name: expect.stringMatching(/SwiftShader/), software: true } }] },
            ],
          },
          text: expect.stringMatching(/webgpu +works on SwiftShader.*, in software \(error .*\)\n.*for tests/),
          auto: 'cpu',
        });
        expect(output).not.toMatch(/Vulkan Loader|Warning|device_select/);
        const { result: nothing, output: said } = await inChild(withoutDriver, 'doctor');
        expect(nothing).toMatchObject({ text: expect.stringMatching(/does not work: .*adapter/i), auto: 'cpu' });
        expect(said).not.toMatch(/Vulkan Loader|Warning/);
      },
    );

    describe('still needs its own lowering, because of the provider', () => {
      for (const { kernel, what, shownBy } of WEBGPU_FAULTS) {
        if (!shownBy) continue;
        // No error here: the fault is gone from this version, and the lowering that avoids it may go too.
        it(`${kernel} ${what}`, async () => {
          const { result } = await inChild<string[]>(environment!, 'fault', shownBy.conformance);
          expect(result === undefined || result.length > 0).toBe(true);
        });
      }
    });
  },
);
