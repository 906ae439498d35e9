import { portableLowerings } from '@nats/export';
import * as g from '@nats/graph';
import { conformanceCases, runCases } from '@nats/graph/testing';
import { afterAll, expect, it } from 'vitest';
import { onnxruntimeWebEngine } from './index.js';
import { defaultLowerings } from './lowerings.js';

const engine = await onnxruntimeWebEngine();
afterAll(() => engine.dispose());

it('says all that can change bits', () => {
  expect(engine.fingerprint).toMatchObject({ engine: 'onnxruntime-web', providers: 'wasm', threads: 1 });
  expect(engine.fingerprint.version).toMatch(/^1\.\d+/);
  expect(engine.fingerprint.machine).toBe(`node ${process.versions.node}`);
});

it('gives Node one thread, whatever is asked for, and is started once', async () => {
  const other = await onnxruntimeWebEngine({ threads: 8 });
  expect(other.fingerprint.threads).toBe(1);
  await expect(onnxruntimeWebEngine({ wasmPaths: 'https://example.com/' })).rejects.toMatchObject({ code: 'provider' });
});

it('says which provider does not run here', async () => {
  const gpu = await onnxruntimeWebEngine({ providers: ['webgpu'] });
  const program = g.createProgram({ outputs: { y: g.negate(g.input('x', 'float32', [1])) } });
  await expect(gpu.compile(program)).rejects.toMatchObject({ code: 'device' });
});

it('runs programs side by side, on states of their own', async () => {
  const scope = g.createScope();
  const w = scope.parameter('w', [3], g.zeros);
  const x = g.input('x', 'float32', [3]);
  scope.update(w, g.add(w, x));
  const program = g.createProgram({ outputs: { twice: g.multiply(x, 2) }, updates: scope.updates });
  const executable = await engine.compile(program);
  const states = await Promise.all(
    [1, 2].map((seed) => engine.createState(scope.spec, g.initialize(scope.spec, seed))),
  );
  const feed = (k: number) => ({ x: g.tensorData('float32', [3], [k, k, k]) });
  const outputs = await Promise.all([1, 2, 3, 4].map((k) => executable.run(states[k % 2]!, feed(k))));
  expect(outputs.map(({ twice }) => twice!.data[0])).toEqual([2, 4, 6, 8]);
  const sums = await Promise.all(states.map(async (state) => (await state.read(['w'])).get('w')!.data[0]));
  expect(sums).toEqual([6, 4]);
});

it('refuses feeds that are not finite, if asked to', async () => {
  const careful = await onnxruntimeWebEngine({ checkFeedsFinite: true });
  const executable = await careful.compile(g.createProgram({ outputs: { y: g.negate(g.input('x', 'float32', [1])) } }));
  const state = await careful.createState(g.EMPTY_SPEC, new Map());
  const run = executable.run(state, { x: g.tensorData('float32', [1], [Number.NaN]) });
  await expect(run).rejects.toMatchObject({ code: 'not-finite' });
  await careful.dispose();
});

it('runs what providers without lowerings of their own are given', async () => {
  const lowerings = [...portableLowerings, ...defaultLowerings(['webnn', 'wasm'])];
  const portable = await onnxruntimeWebEngine({ lowerings });
  const chosen = conformanceCases().filter(({ name }) =>
    /^conv2d: (plain|dilation 3)|as in a stem|per channel/.test(name),
  );
  expect(chosen.length).toBeGreaterThan(5);
  expect((await runCases(portable, chosen)).flatMap(({ errors }) => errors)).toEqual([]);
  await portable.dispose();
});
