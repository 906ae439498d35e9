import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, type Feeds, initialize, referenceEngine, tensorData } from '@nats/graph';
import { describe, expect, test } from 'vitest';
import { tinyNetwork } from '../../test/support/tiny-objective.js';
import { type ImageDataset, imageDataset } from '../data/image-dataset.js';
import { evaluateObjective } from '../loop/evaluate.js';
import { createTraining } from '../loop/training.js';
import { adamw } from '../optimizers/adam.js';
import { trainingStep } from '../programs/training-step.js';
import { constantRate } from '../schedules.js';
import { type ClassificationOptions, classification } from './classification.js';
import { type ClassifierNetwork, classifierProgram } from './classifier-program.js';

const network: ClassifierNetwork = (scope, x) => tinyNetwork(scope, x, true);

/** 6x6 images whose brightness tells the class, with a stripe whose side tells the image. */
function stripes(name: string, size: number): ImageDataset {
  const images = new Uint8Array(size * 36);
  for (let i = 0; i < size; i++) images.fill(60 + 60 * (i % 3), i * 36, i * 36 + 36);
  for (let i = 0; i < size; i++) images[i * 36 + (i % 36)] = i;
  const labels = Array.from({ length: size }, (_, i) => i % 3);
  return imageDataset({ name, images, labels, classes: ['dark', 'gray', 'bright'], channels: 1, height: 6, width: 6 });
}

const datasets = { train: stripes('train', 30), test: stripes('test', 11) };
const make = (options: Partial<ClassificationOptions> = {}) =>
  classification({ network, datasets, batchSize: 8, evaluationBatchSize: 4, ...options });

describe('batches', () => {
  test('are a function of seed, split and step alone', async () => {
    const first = await make().batch('train', 5);
    const objective = make();
    await objective.batch('train', 0);
    expect(await objective.batch('train', 5)).toEqual(first);
    expect(await objective.batch('train', 6)).not.toEqual(first);
    expect(await make({ seed: 1 }).batch('train', 5)).not.toEqual(first);
    expect(objective.identify!('train', 5)).toHaveLength(8);
    await expect(objective.batch('val', 0)).rejects.toThrow(
      "received 'val', but a split is one of its objective; train, test",
    );
  });

  test('hold the images that they name, with their labels', async () => {
    const objective = make();
    const { image, label } = (await objective.batch('train', 2)) as Required<Feeds>;
    for (const [i, name] of objective.identify!('train', 2).entries()) {
      const index = Number(name.split('/')[1]);
      expect(label!.data[i]).toBe(index % 3);
      expect(image!.data[i * 36 + (index % 36)]).toBeCloseTo(index / 255, 6);
    }
  });

  test('go through every image once an epoch', () => {
    const objective = make({ batchSize: 10 });
    const names = [0, 1, 2].flatMap((step) => objective.identify!('train', step));
    expect(new Set(names).size).toBe(30);
  });

  test('are augmented by split, differently for each place', async () => {
    const seen: number[] = [];
    const objective = make({
      augment: {
        train: [
          (image, _size, random) => {
            seen.push(random(0));
            return image.map(() => 255);
          },
        ],
      },
    });
    const { image } = (await objective.batch('train', 0)) as Required<Feeds>;
    expect(new Set(image!.data)).toEqual(new Set([1]));
    expect(new Set(seen).size).toBe(8);
    await objective.batch('train', 0);
    expect(seen.slice(8)).toEqual(seen.slice(0, 8));
    expect(await objective.batch('test', 0)).toEqual(await make().batch('test', 0));
  });
});

describe('datasets and networks that do not fit', () => {
  test('are refused', () => {
    const narrow = imageDataset({
      ...datasets.test,
      name: 'narrow',
      images: new Uint8Array(36),
      labels: [0],
      width: 6,
    });
    expect(() => make({ datasets: {} })).toThrow('at least one dataset');
    expect(() => make({ datasets: { ...datasets, val: { ...narrow, width: 5 } } })).toThrow(/val.*received 1x6x5/);
    expect(() => make({ datasets: { ...datasets, val: { ...narrow, size: 0 } } })).toThrow(/val.*at least one image/);
    const two: ClassifierNetwork = (scope, x) => tinyNetwork(scope.child('a'), x, false);
    const objective = make({ network: two, datasets: { train: { ...datasets.train, classes: ['a', 'b'] } } });
    expect(() => objective.loss(createScope())).toThrow(/received float32\[8, 3\], .*; float32\[8, 2\]/);
  });
});

describe('evaluation', () => {
  const [engine, reference] = [onnxruntimeEngine(), referenceEngine()];

  test('counts all images once and averages cross-entropies', async () => {
    const { program, spec } = classifierProgram(network, { size: datasets.test });
    const state = await reference.createState(spec, initialize(spec, 2));
    const images = Array.from({ length: 11 }, (_, i) => datasets.test.image(i));
    const data = Float32Array.from(
      images.flatMap((image) => [...image]),
      (pixel) => pixel / 255,
    );
    const { logits } = await (await reference.compile(program)).run(state, {
      image: tensorData('float32', [11, 1, 6, 6], data),
    });
    let [correct, loss] = [0, 0];
    for (let i = 0; i < 11; i++) {
      const row = [...logits!.data.subarray(i * 3, i * 3 + 3)];
      if (row.indexOf(Math.max(...row)) === i % 3) correct++;
      loss += Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[i % 3]!;
    }
    const result = await evaluateObjective(make(), { engine: reference, state });
    expect(result.accuracy).toBeCloseTo(correct / 11, 12);
    expect(result.loss).toBeCloseTo(loss / 11, 6);
  });

  test('equals the loss of a training batch where statistics are the running ones', async () => {
    const objective = make({ batchSize: 11 });
    const { program, spec } = trainingStep(objective, { optimizer: adamw(), normalization: 'running' });
    const state = await engine.createState(spec, initialize(spec, 2));
    const { accuracy, loss } = await evaluateObjective(objective, { engine, state });
    const feeds = { ...(await objective.batch('test', 0)), learningRate: tensorData('float32', [], [0]) };
    const outputs = await (await engine.compile(program)).run(state, feeds);
    expect(outputs.loss!.data[0]).toBeCloseTo(loss!, 5);
    expect(outputs.accuracy!.data[0]).toBeCloseTo(accuracy!, 6);
  });

  test('shows that a training has learnt', async () => {
    const training = await createTraining({
      engine,
      objective: make({ smoothing: 0.1 }),
      steps: 60,
      phases: [{ optimizer: adamw(), learningRate: constantRate(0.03), average: { decay: 0.9 } }],
      evaluation: { every: 30, best: { metric: 'accuracy' } },
    });
    const accuracies: number[] = [];
    for await (const event of training.events())
      if (event.type === 'evaluation') accuracies.push(event.metrics.accuracy!);
    expect(accuracies).toHaveLength(2);
    expect(accuracies[1]).toBeGreaterThan(0.9);
    await training.dispose();
  });
});

test('a classifier for use may return probabilities', async () => {
  const { program, spec } = classifierProgram(network, { size: datasets.test, probabilities: true });
  const engine = referenceEngine();
  const state = await engine.createState(spec, initialize(spec, 2));
  const image = tensorData(
    'float32',
    [2, 1, 6, 6],
    Float32Array.from({ length: 72 }, (_, i) => i / 72),
  );
  const { probabilities } = await (await engine.compile(program)).run(state, { image });
  expect(probabilities!.shape).toEqual([2, 3]);
  expect(probabilities!.data[0]! + probabilities!.data[1]! + probabilities!.data[2]!).toBeCloseTo(1, 12);
});
