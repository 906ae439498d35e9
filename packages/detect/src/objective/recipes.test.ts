import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, initialize, type TensorData, tensorData } from '@nats/graph';
import { temporaryDirectory } from '@nats/graph/testing/vitest';
import { smallResnet } from '@nats/space';
import { checkpointDirectory, createTraining, toJson } from '@nats/train';
import { afterAll, describe, expect, test } from 'vitest';
import { noiseImage } from '../../test/images.js';
import type { Dataset } from '../data/dataset.js';
import { demoDetectorConfig } from '../detectors/index.js';
import { buildDetector } from '../kinds/index.js';
import { detection } from './detection.js';
import { recalibratedNorms } from './recalibrated-norms.js';
import { DETECTION_RECIPES, fineTune, fromClassifier, quick, type RecipeName } from './recipes.js';

const engine = onnxruntimeEngine({ threads: 1 });
afterAll(() => engine.dispose());

const train: Dataset = {
  name: 'noise',
  classes: ['a', 'b'],
  problems: [],
  records: [0, 1, 2, 3].map((i) => ({
    id: String(i),
    source: { load: () => noiseImage(1, 32, 32, i) },
    width: 32,
    height: 32,
    objects: [{ box: [4, 4, 20, 24], label: i % 2 }],
  })),
};
const backbone = smallResnet({ inputChannels: 1, widths: [8, 8, 8], strides: [2, 2, 1] });
const objective = detection({
  detector: buildDetector(
    demoDetectorConfig({
      backbone,
      inputSize: [32, 32],
      classes: 2,
      pyramid: { channels: 8, extra: 'none' },
    }),
  ),
  datasets: { train },
  batchSize: 2,
});
const scope = createScope({ normalization: 'batch' });
objective.loss(scope);
const initial = initialize(scope.spec, 1);

async function trained(name: RecipeName, steps = 2) {
  const recipe = DETECTION_RECIPES[name]({ backbone, steps, batchSize: 2 });
  const training = await createTraining({ engine, objective, initial, ...recipe });
  for await (const _ of training.events()) {
  }
  const values = await training.state.read();
  await training.dispose();
  return { recipe, values };
}

const changed = (before: ReadonlyMap<string, TensorData>, after: ReadonlyMap<string, TensorData>) =>
  [...before.keys()].filter((name) => before.get(name)!.data.some((value, i) => value !== after.get(name)!.data[i]));

test.each(Object.keys(DETECTION_RECIPES) as RecipeName[])(
  '%s takes the backbone as pretrained, and nothing else',
  (name) => {
    const { pretrained } = DETECTION_RECIPES[name]({ backbone, steps: 1, batchSize: 2 });
    const taken = [...scope.spec.keys()].filter((parameter) => parameter.startsWith(pretrained));
    expect(taken).toEqual([...scope.spec.keys()].filter((parameter) => /^backbone\.body\./.test(parameter)));
    expect(taken).toContain('backbone.body.conv1.weight');
  },
);

describe('fine-tune', () => {
  test('freezes the stem, the first stage, and all norms of the backbone with their statistics', async () => {
    const { values, recipe } = await trained('fine-tune');
    expect(recipe.frozenNorms).toBe(true);
    const names = changed(initial, values);
    const isFrozen = (name: string) =>
      /^backbone\.body\.(conv1|layer1)\.|^backbone\.body\..*(bn\d|downsample\.1)\./.test(name);
    expect(names.filter((name) => isFrozen(name) || name.startsWith('backbone.body.bn1'))).toEqual([]);
    expect(names).toContain('backbone.body.layer2.0.conv1.weight');
    expect(names).toContain('head.classification_head.conv.1.running_mean');
    expect([...values.keys()].some((name) => name.startsWith('average.'))).toBe(true);
  });

  test("has torchvision's learning rates, in proportion to the batch", () => {
    const { learningRate } = fineTune({ backbone, steps: 26_000, batchSize: 8 }).phases[0];
    expect([0, 1000, 15_999, 16_000, 21_999, 22_000].map((step) => Number(learningRate(step).toPrecision(6)))).toEqual([
      5e-6, 5e-3, 5e-3, 5e-4, 5e-4, 5e-5,
    ]);
    expect(fineTune({ backbone, steps: 1, batchSize: 2 }).phases[0].learningRate(0)).toBeGreaterThan(0);
  });
});

test('from-classifier trains all of the network, its backbone at half the rate, norms and biases without decay', async () => {
  const { values, recipe } = await trained('from-classifier');
  const parameters = [...scope.spec.values()].filter(({ kind }) => kind === 'parameter').map(({ name }) => name);
  expect(changed(initial, values)).toEqual(expect.arrayContaining(parameters));
  expect(recipe.phases[0].rules).toEqual([
    { maxDimensions: 1, weightDecayScale: 0 },
    { name: 'backbone.body.*', learningRateScale: 0.5 },
  ]);
  const { learningRate, average } = fromClassifier({ backbone, steps: 2000, batchSize: 8 }).phases[0];
  expect([0, 100, 1050, 2000].map((step) => Number(learningRate(step).toPrecision(3)))).toEqual([
    2e-6, 1.99e-3, 9.22e-4, 0,
  ]);
  expect(average).toEqual({ decay: 0.99 });
});

test('quick keeps no averages', async () => {
  const { values } = await trained('quick');
  expect([...values.keys()].some((name) => name.startsWith('average.'))).toBe(false);
  expect(quick({ backbone, steps: 10, batchSize: 2, learningRate: 1e-3 }).phases[0].learningRate(1)).toBeLessThan(1e-3);
});

test.each(Object.keys(DETECTION_RECIPES) as RecipeName[])('%s says all that it does as plain data', (name) => {
  const options = { steps: 100, batchSize: 4 };
  const { config } = DETECTION_RECIPES[name]({ backbone, ...options });
  expect(toJson(config)).toEqual(config);
  expect(config).toMatchObject({ recipe: name, ...options });
  expect(
    DETECTION_RECIPES[name]({ backbone, ...options, backboneLearningRateScale: 0.1 }).config.backboneLearningRateScale,
  ).toBe(0.1);
});

test('a training does not continue with another recipe', async () => {
  const directory = await temporaryDirectory();
  const start = async (name: RecipeName) => {
    const checkpoints = { store: checkpointDirectory(directory), resume: 'if-present' } as const;
    const training = await createTraining({
      engine,
      objective,
      checkpoints,
      ...DETECTION_RECIPES[name]({ backbone, steps: 1, batchSize: 2 }),
    });
    for await (const _ of training.events()) {
    }
    await training.dispose();
  };
  await start('quick');
  await expect(start('from-classifier')).rejects.toThrow(/recipe/);
});

test('recalibrated norms have the statistics of the images, and nothing else changes', async () => {
  const wrong = new Map(
    [...initial]
      .filter(([name]) => name.startsWith('backbone.body.'))
      .map(([name, value]): [string, TensorData] =>
        name.endsWith('running_mean')
          ? [name, tensorData('float32', value.shape, new Float32Array(value.data.length).fill(100))]
          : [name, value],
      ),
  );
  const measured = await recalibratedNorms({ engine, objective, initial: wrong, batches: 2 });
  expect([...measured.keys()]).toEqual([...wrong.keys()]);
  expect(changed(wrong, measured).every((name) => /running_(mean|var)$/.test(name))).toBe(true);

  // The stem's mean, from the definition: the mean of a convolution of two batches, which are all four images.
  const weight = initial.get('backbone.body.conv1.weight')!;
  const images = (await Promise.all([0, 1].map((step) => objective.batch('train', step)))).map(
    (feeds) => feeds.images!,
  );
  let sum = 0;
  for (const { data } of images) {
    for (let n = 0; n < 2; n++) {
      for (let y = 0; y < 16; y++) {
        for (let x = 0; x < 16; x++) {
          for (let k = 0; k < 9; k++) {
            const [row, column] = [2 * y + Math.floor(k / 3) - 1, 2 * x + (k % 3) - 1];
            if (row < 0 || column < 0) continue;
            sum += weight.data[k]! * data[(n * 32 + row) * 32 + column]!;
          }
        }
      }
    }
  }
  expect(measured.get('backbone.body.bn1.running_mean')!.data[0]).toBeCloseTo(sum / (4 * 256), 4);
});
