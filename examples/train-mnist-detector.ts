// Trains a detector of handwritten digits: pretrains its backbone as a classifier of single digits, then trains on
// MNIST-detection (128 x 128, one to six digits of 16 to 112 pixels) and evaluates on digits of MNIST's test half.
// Stops cleanly with Ctrl-C and continues when it is run again.
// npx tsx --conditions=@nats/source examples/train-mnist-detector.ts [--detector demo|deep] [--out runs/mnist-demo]
//   [--steps 1000] [--pretraining 1000] [--seed 0] [--threads 2]
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  areaRanges,
  buildDetector,
  deepDemoDetectorConfig,
  demoDetectorConfig,
  detection,
  formatSummary,
  mnistDetection,
  mnistTextures,
  quick,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { buildClassifier } from '@nats/space';
import {
  adamw,
  checkpointDirectory,
  classification,
  cosineDecay,
  createTraining,
  readMnist,
  recordMetrics,
  type Training,
  withWarmUp,
} from '@nats/train';
import { readWeights, writeSafetensors } from '@nats/transfer';

const { values: flags } = parseArgs({
  options: {
    detector: { type: 'string', default: 'demo' },
    out: { type: 'string' },
    steps: { type: 'string', default: '1000' },
    pretraining: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string', default: '2' },
  },
});
const configs: Record<string, () => ReturnType<typeof demoDetectorConfig>> = {
  demo: demoDetectorConfig,
  deep: deepDemoDetectorConfig,
};
const config = configs[flags.detector]?.();
if (!config) throw new Error(`--detector is demo or deep; received ${flags.detector}`);
const [steps, pretraining, seed] = [Number(flags.steps), Number(flags.pretraining), Number(flags.seed)];
const out = flags.out ?? `runs/mnist-${flags.detector}`;
const statistics = { mean: [0.3], deviation: [0.2] };
const digits = await readMnist();
const engine = onnxruntimeEngine({ threads: Number(flags.threads) });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

const pretrained = join(out, 'classifier.safetensors');
if (!existsSync(pretrained)) {
  const training = await createTraining({
    engine,
    objective: classification({
      network: (scope, x, options) => buildClassifier(scope, x, config.backbone, { ...options, classes: 10 }),
      datasets: {
        train: await mnistTextures({ digits: digits.train, size: 20_000, seed: 1 }),
        test: await mnistTextures({ digits: digits.test, size: 1000, seed: 1 }),
      },
      batchSize: 32,
      statistics,
      seed,
    }),
    steps: pretraining,
    seed,
    phases: [
      {
        optimizer: adamw({ weightDecay: 1e-3 }),
        learningRate: withWarmUp(cosineDecay({ rate: 2e-3, steps: pretraining }), { steps: 50 }),
      },
    ],
    evaluation: {},
    checkpoints: { store: checkpointDirectory(join(out, 'classifier')), every: 100, resume: 'if-present' },
  });
  await run(training, join(out, 'classifier.jsonl'));
  if (!stop.signal.aborted) await writeSafetensors(pretrained, await training.values());
  await training.dispose();
}

if (!stop.signal.aborted) {
  const classifier = (await readWeights(pretrained)).tensors;
  const initial = new Map(
    [...classifier].flatMap(([name, value]) =>
      name.startsWith('fc.') ? [] : [[`backbone.body.${name}`, value] as const],
    ),
  );
  const objective = detection({
    detector: buildDetector(config),
    datasets: {
      train: mnistDetection({ digits: digits.train, size: 10_000, seed: 1 }),
      test: mnistDetection({ digits: digits.test, size: 1500, seed: 1 }),
    },
    batchSize: 16,
    maxObjects: 16,
    seed,
    statistics,
    // Small, medium and large digits: up to 24, up to 48, and more pixels.
    evaluation: { areaRanges: areaRanges(24, 48) },
    config: JSON.parse(JSON.stringify(config)),
  });
  const training = await createTraining({
    engine,
    objective,
    seed,
    initial,
    evaluation: { every: 200 },
    checkpoints: { store: checkpointDirectory(join(out, 'checkpoints')), every: 100, resume: 'if-present' },
    ...quick({ backbone: config.backbone, steps, batchSize: 16 }),
  });
  await run(training, join(out, 'metrics.jsonl'));
  if (!stop.signal.aborted) {
    await writeSafetensors(join(out, 'detector.safetensors'), await training.values());
    const { summary, evaluation } = await objective.evaluateSplit({
      engine,
      state: training.state,
      split: 'test',
      compile: (_, build) => engine.compile(build()),
    });
    console.log(formatSummary(summary, evaluation));
  }
  await training.dispose();
  await objective.dispose();
}
await engine.dispose();

async function run(training: Training, metrics: string): Promise<void> {
  for await (const event of recordMetrics(training.events({ signal: stop.signal }), metrics)) {
    const { user, system } = process.cpuUsage();
    const spent = `${((user + system) / 60e6).toFixed(1)} processor-minutes`;
    if (event.type === 'step' && event.step % 50 === 0) {
      console.log(`step ${event.step}: loss ${event.loss.toFixed(3)} after ${spent}`);
    }
    if (event.type === 'evaluation') {
      const { AP, APsmall, APmedium, APlarge, accuracy } = event.metrics;
      const numbers = Object.entries({ AP, APsmall, APmedium, APlarge, accuracy }).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name} ${value.toFixed(3)}`],
      );
      console.log(`step ${event.step}: ${numbers.join(', ')} after ${spent}`);
    }
  }
}
