// Trains a small residual network as a classifier of handwritten digits, with live progress, and writes it as ONNX.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { encodeProgram } from '@nats/export';
import { foldVariables, type TensorData } from '@nats/graph';
import { buildClassifier, smallResnet } from '@nats/space';
import {
  type ClassifierNetwork,
  classification,
  classifierProgram,
  cosineDecay,
  createNormalizer,
  createTraining,
  type ImageDataset,
  MNIST_STATISTICS,
  NO_DECAY_ON_NORMS_AND_BIASES,
  padCrop,
  readMnist,
  recordMetrics,
  sgd,
  type TrainingEvent,
  withWarmUp,
} from '@nats/train';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const RUN = join('runs', 'demo');
const STEPS = 700;
const BATCH = 64;

const config = smallResnet({ name: 'demo-classifier', inputChannels: 1, widths: [16, 32, 64] });
const network: ClassifierNetwork = (scope, x, options) =>
  buildClassifier(scope, x, config, { ...options, classes: 10 });

async function main(): Promise<void> {
  const started = performance.now();
  await rm(RUN, { recursive: true, force: true });
  const { train, test } = await readMnist();
  console.log(`MNIST: ${train.size} training and ${test.size} test images`);
  const engine = onnxruntimeEngine();
  const training = await createTraining({
    engine,
    objective: classification({
      network,
      config,
      datasets: { train, test },
      statistics: MNIST_STATISTICS,
      batchSize: BATCH,
      augment: { train: [padCrop(2)] },
    }),
    steps: STEPS,
    phases: [
      {
        optimizer: sgd({ momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
        rules: [NO_DECAY_ON_NORMS_AND_BIASES],
        learningRate: withWarmUp(cosineDecay({ rate: 0.1, steps: STEPS }), { steps: 50 }),
        average: { decay: 0.98 },
      },
    ],
    evaluation: { every: 350, best: { metric: 'accuracy' } },
    checkpoints: { directory: join(RUN, 'checkpoints') },
  });
  const report = createReporter(STEPS);
  for await (const event of recordMetrics(training.events(), join(RUN, 'metrics.jsonl'))) report(event);

  const values = await training.values();
  await training.dispose();
  const { program, spec } = classifierProgram(network, { size: test });
  const file = join(RUN, 'classifier.onnx');
  await writeAtomically(file, encodeProgram(foldVariables(program, values), { values, name: config.name }));
  console.log(`wrote ${file}`);

  const state = await engine.createState(spec, values);
  const executable = await engine.compile(program);
  const images = createNormalizer(test, MNIST_STATISTICS)(firstImages(test, 1000));
  const { logits } = await executable.run(state, { image: images });
  compare(await runFile(file, images), logits!, test);
  await engine.dispose();
  console.log(`done in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

function firstImages(dataset: ImageDataset, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => dataset.image(i));
}

/** Runs the written file as any user of onnxruntime would. */
async function runFile(file: string, { data, shape }: TensorData): Promise<Float32Array> {
  const session = await InferenceSession.create(file);
  const { logits } = await session.run({ image: new Tensor('float32', data as Float32Array, shape) });
  return logits!.data as Float32Array;
}

function compare(fromFile: Float32Array, fromEngine: TensorData, dataset: ImageDataset): void {
  const [count, classes] = fromEngine.shape as [number, number];
  let [difference, largest, correct] = [0, 0, 0];
  for (let i = 0; i < fromFile.length; i++) {
    difference = Math.max(difference, Math.abs(fromFile[i]! - fromEngine.data[i]!));
    largest = Math.max(largest, Math.abs(fromEngine.data[i]!));
  }
  for (let i = 0; i < count; i++) {
    const row = fromFile.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === dataset.label(i)) correct++;
  }
  const relative = difference / largest;
  console.log(
    `onnxruntime runs the file on ${count} test images: ${correct} right, logits differ from the engine's by ` +
      `${difference.toExponential(1)} (${relative.toExponential(1)} of the largest)`,
  );
  if (!(relative < 1e-4)) throw new Error('the written file does not compute what was trained');
}

/** One line that is rewritten on a terminal; a line every 50 steps elsewhere. */
function createReporter(steps: number): (event: TrainingEvent) => void {
  const live = process.stdout.isTTY === true;
  let rate = 0;
  return (event) => {
    if (event.type === 'step') {
      rate = rate === 0 ? event.imagesPerSecond : 0.9 * rate + 0.1 * event.imagesPerSecond;
      if (!live && event.step % 50 !== 0) return;
      const line =
        `step ${event.step}/${steps}  loss ${event.loss.toFixed(3)}  ` +
        `batch accuracy ${percent(event.metrics.accuracy!)}  ${rate.toFixed(0)} images/s`;
      process.stdout.write(live ? `\r\x1b[K${line}` : `${line}\n`);
      return;
    }
    const text = describe(event);
    if (text) process.stdout.write(`${live ? '\r\x1b[K' : ''}${text}\n`);
  };
}

function describe(event: TrainingEvent): string | undefined {
  if (event.type === 'start')
    return `training ${event.parameters} parameters for ${event.steps} steps of ${BATCH} images`;
  if (event.type === 'warning' || event.type === 'failure') return event.message;
  if (event.type !== 'evaluation') return undefined;
  const { accuracy, loss } = event.metrics as { accuracy: number; loss: number };
  return `step ${event.step}: ${percent(accuracy)} of all test images right, loss ${loss.toFixed(4)} (${event.seconds.toFixed(1)} s)`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(RUN, { recursive: true });
  await writeFile(`${path}.tmp`, bytes);
  await rename(`${path}.tmp`, path);
}

await main();
