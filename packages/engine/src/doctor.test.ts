import { listSupportedBackends } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { doctor, formatDoctor } from './doctor.js';

it('finds that the CPU computes what it should, and says what it found', async () => {
  const report = await doctor(['cpu']);
  const [cpu] = report.engines[0]!.providers;
  expect(cpu).toMatchObject({ provider: 'cpu', known: true, works: true });
  expect(cpu!.error).toBeLessThan(1e-5);
  expect(report.works).toBe(true);
  expect(formatDoctor(report)).toMatch(/cpu +works[\s\S]*Programs can be run here/);
});

it('says what to do about a provider that is not in this build', async () => {
  const absent = ['coreml', 'dml'].find((name) => listSupportedBackends().every((backend) => backend.name !== name))!;
  const report = await doctor([absent]);
  expect(report.works).toBe(false);
  expect(report.engines[0]!.providers[0]).toMatchObject({ provider: absent, known: false, works: false });
  expect(formatDoctor(report)).toMatch(/only in the builds for[\s\S]*can not be run here/);
});

it('does not take a name that onnxruntime never had', async () => {
  const [report] = (await doctor(['abacus'])).engines[0]!.providers;
  expect(report!.advice).toMatch(/cpu, cuda/);
});

it('says what it found of onnxruntime-web, and which providers it has in Node', async () => {
  const report = await doctor(['onnxruntime-web:wasm', 'onnxruntime-web:abacus']);
  expect(report.engines).toHaveLength(1);
  const [wasm, abacus] = report.engines[0]!.providers;
  expect(report.engines[0]).toMatchObject({ engine: 'onnxruntime-web', version: expect.stringMatching(/^1\./) });
  expect(wasm).toMatchObject({ provider: 'wasm', works: true });
  expect(wasm!.error).toBeLessThan(1e-5);
  expect(abacus!).toMatchObject({ known: false, works: false, advice: expect.stringMatching(/it has wasm/) });
});

it('says what it found of tfjs, and how to install what is missing', async () => {
  const report = await doctor(['tfjs:node-gpu', 'tfjs:wasm', 'tfjs:abacus']);
  const [gpu, wasm, abacus] = report.engines[0]!.providers;
  expect(report.engines[0]).toMatchObject({ engine: 'tfjs', version: '4.22.0' });
  expect(wasm).toMatchObject({ provider: 'wasm', works: true });
  expect(gpu).toMatchObject({ works: false, reason: expect.stringContaining('@tensorflow/tfjs-node-gpu') });
  expect(gpu!.advice).toMatch(/Node 20 to 22.*npm install @tensorflow\/tfjs-node-gpu/);
  expect(abacus!.advice).toMatch(/node-gpu, node, webgpu, wasm, cpu/);
  expect(formatDoctor(report)).toMatch(/tfjs 4\.22\.0[\s\S]*node-gpu +does not work[\s\S]*npm install/);
});
