import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { convolution, createProgram, createScope, evaluate, initialize, input, referenceEngine } from '@nats/graph';
import { expect, test } from 'vitest';
import { tinyBatch, tinyObjective } from '../../test/support/tiny-objective.js';
import { sgd } from '../optimizers/sgd.js';
import { recalibrate } from './recalibrate.js';
import { trainingStep } from './training-step.js';

const objective = tinyObjective();
const { spec } = trainingStep(objective, { optimizer: sgd() });

/** Mean and unbiased variance of each channel that the batch norm sees in one batch, straight from the definition. */
function batchStatistics(step: number) {
  const values = initialize(spec, 1);
  const scope = createScope();
  const y = convolution(scope.child('conv'), input('image', 'float32', [4, 1, 6, 6]), { channels: 5, padding: 1 });
  const { image } = tinyBatch('train', step, 4);
  const { outputs } = evaluate(createProgram({ outputs: { y } }), { image: image! }, values);
  return Array.from({ length: 5 }, (_, channel) => {
    const seen = Array.from(outputs.y!.data).filter((_, i) => Math.floor(i / 36) % 5 === channel);
    const mean = seen.reduce((a, b) => a + b, 0) / seen.length;
    return { mean, variance: seen.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (seen.length - 1) };
  });
}

test.each([referenceEngine(), onnxruntimeEngine()])(
  'running statistics become the average over batches ($name)',
  async (engine) => {
    const state = await engine.createState(spec, initialize(spec, 1));
    const before = await state.read(['conv.weight', 'norm.weight']);
    const names = await recalibrate({ engine, state, objective, batches: 3, start: 2 });
    expect(names).toEqual(['norm.running_mean', 'norm.running_var']);
    const after = await state.read();
    const batches = [2, 3, 4].map(batchStatistics);
    for (let channel = 0; channel < 5; channel++) {
      const average = (key: 'mean' | 'variance') => batches.reduce((sum, batch) => sum + batch[channel]![key] / 3, 0);
      expect(after.get('norm.running_mean')!.data[channel]).toBeCloseTo(average('mean'), 5);
      expect(after.get('norm.running_var')!.data[channel]).toBeCloseTo(average('variance'), 5);
    }
    for (const [name, value] of before) expect(after.get(name)).toEqual(value);
    await engine.dispose();
  },
);

test('an interrupted recalibration changes nothing', async () => {
  const engine = referenceEngine();
  const state = await engine.createState(spec, initialize(spec, 1));
  const before = await state.read();
  const stop = new AbortController();
  const stopping = {
    ...objective,
    batch: async (split: string, step: number) => {
      if (step === 1) stop.abort();
      return objective.batch(split, step);
    },
  };
  const running = recalibrate({ engine, state, objective: stopping, batches: 5, signal: stop.signal });
  await expect(running).rejects.toThrow('aborted');
  expect(await state.read()).toEqual(before);
});

test('a network without batch norms is refused', async () => {
  const engine = referenceEngine();
  const state = await engine.createState(spec, initialize(spec, 1));
  const plain = tinyObjective({ norm: false });
  await expect(recalibrate({ engine, state, objective: plain, batches: 1 })).rejects.toThrow('moves no statistics');
  await expect(recalibrate({ engine, state, objective, batches: 0 })).rejects.toThrow('at least one batch');
});
