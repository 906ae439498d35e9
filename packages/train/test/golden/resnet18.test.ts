import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  crossEntropy,
  type Feeds,
  input,
  type Scope,
  seedOf,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { goldenState, hashed, hashedIntegers } from '@nats/graph/testing';
import { expectGolden } from '@nats/graph/testing/vitest';
import { buildBackbone, buildClassifier, resnetConfig } from '@nats/space';
import { describe, it } from 'vitest';
import { sgd, trainingStep } from '../../src/index.js';
import { gradientOutputs, readGolden, runGolden } from './support.js';

interface Attributes {
  readonly batch: number;
  readonly size: number;
  readonly classes: number;
  readonly steps: number;
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

const fixture = readGolden<Attributes>('resnet18');
const { seed } = fixture;
const { batch, size, classes, steps, rate, momentum, weightDecay } = fixture.cases.only!.attributes;
const config = resnetConfig('resnet18');
const image: Feeds = { x: hashed([batch, 3, size, size], seedOf(seed, 'x')) };
const labeled: Feeds = { ...image, target: hashedIntegers([batch], seedOf(seed, 'target'), classes) };

function network(scope: Scope) {
  const x = input('x', 'float32', [batch, 3, size, size]);
  const logits = buildClassifier(scope, x, config, { classes });
  return { x, logits, loss: crossEntropy(logits, input('target', 'int32', [batch])) };
}

describe('ResNet-18 equals PyTorch, on onnxruntime', () => {
  it('forward, loss and every gradient, with batch statistics', async () => {
    const engine = onnxruntimeEngine();
    const actual = await runGolden(engine, seed, { normalization: 'batch' }, (scope) => {
      const { logits, loss } = network(scope);
      const slopes = gradientOutputs(scope, loss);
      // The same tensors again in a scope of its own, whose updates nobody takes.
      const { stages } = buildBackbone(
        createScope({ normalization: 'batch' }),
        input('x', 'float32', [batch, 3, size, size]),
        config,
      );
      const features = Object.entries(stages).map(([name, features]) => [`forward/${name}`, features] as const);
      return {
        outputs: { 'forward/logits': logits, 'forward/loss': loss, ...Object.fromEntries(features), ...slopes },
        feeds: labeled,
      };
    });
    const renamed = new Map(
      [...actual].map(([name, value]) => [name.replace(/^statistic\//, 'statistic-after-1/'), value]),
    );
    expectGolden('resnet18', fixture, 'only', renamed, { families: ['forward', 'gradient', 'statistic-after-1'] });
    await engine.dispose();
  });

  it(`${steps} steps of SGD with momentum and weight decay, then evaluation with running statistics`, async () => {
    const engine = onnxruntimeEngine();
    const { program, spec, trained } = trainingStep({ loss: network }, { optimizer: sgd({ momentum, weightDecay }) });
    const executable = await engine.compile(program);
    const start = goldenState(spec, seed);
    const state = await engine.createState(spec, start);
    const actual = new Map<string, TensorData>();
    const losses: number[] = [];
    for (let step = 1; step <= steps; step++) {
      const { loss } = await executable.run(state, { ...labeled, learningRate: tensorData('float32', [], [rate]) });
      losses.push(loss!.data[0]!);
      if (step !== 2 && step !== steps) continue;
      const reached = await state.read();
      for (const name of trained) {
        actual.set(`moved-after-${step}/${name}`, difference(reached.get(name)!, start.get(name)!));
        actual.set(`momentum-after-${step}/${name}`, reached.get(`optimizer.${name}.momentum`)!);
      }
    }
    actual.set('trained/losses', tensorData('float32', [steps], losses));
    const statistics = [...spec.values()].filter(({ kind }) => kind === 'statistic').map(({ name }) => name);
    for (const [name, value] of await state.read(statistics)) actual.set(`statistic-after-10/${name}`, value);

    const scope = createScope({ normalization: 'running' });
    const evaluation = await engine.compile(createProgram({ outputs: { logits: network(scope).logits } }));
    actual.set('trained/evaluated-logits', (await evaluation.run(state, image)).logits!);
    const families = ['trained', 'moved-after-2', 'momentum-after-2', 'moved-after-10', 'momentum-after-10'];
    expectGolden('resnet18', fixture, 'only', actual, { families: [...families, 'statistic-after-10'] });
    await engine.dispose();
  });
});

function difference(a: TensorData, b: TensorData): TensorData {
  return tensorData(
    'float32',
    a.shape,
    Float32Array.from(a.data, (value, i) => value - b.data[i]!),
  );
}
