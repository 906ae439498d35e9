import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, loadMnist, mnistTextures, placeImage } from '@nats/detect';
import { buildClassifier, inputStatistics } from '@nats/space';
import {
  classification,
  createTraining,
  type ImageDataset,
  type ImageDecoder,
  type Objective,
  readCifar,
  readImageFolder,
} from '@nats/train';
import { writeSafetensors } from '@nats/transfer';
import type { Config } from '../config/schema.js';
import { RUN_FILES } from '../run/run-files.js';
import { backboneConfigOf } from './backbone.js';
import type { StepContext } from './context.js';
import { asFirst, asFirstFinds, ownBatch, type Processes } from './ranks.js';
import { checkpointsOf, runTraining } from './run-training.js';
import { customPhase } from './training-phases.js';

/** Settings that a pretraining depends on. */
export function pretrainSettings({ seed, backbone, pretrain }: Config) {
  return { seed, backbone, pretrain };
}

/** Labelled images, and a classifier for them. */
interface Pretraining {
  readonly objective: Objective;
  readonly evaluated: boolean;
}

/**
 * Trains the backbone as a classifier and writes its weights, `fc` included.
 * @returns the file of weights
 */
export async function pretrain(
  context: StepContext,
  folder: string,
  { objective, evaluated }: Pretraining,
  title = 'pretrain',
): Promise<string> {
  const { config, engine, collective } = context;
  const path = join(folder, RUN_FILES.weights);
  if (await asFirstFinds(context, () => existsSync(path))) return path;
  const { steps, checkpointEvery } = config.pretrain;
  const training = await createTraining({
    engine,
    objective,
    seed: config.seed,
    steps,
    phases: [customPhase(config.pretrain)],
    ...(evaluated && { evaluation: {} }),
    checkpoints: checkpointsOf(folder, checkpointEvery),
    ...(collective && { collective }),
  });
  try {
    await runTraining(training, folder, title, context);
    const values = await training.values();
    await asFirst(context, () => writeSafetensors(path, values));
  } finally {
    await training.dispose();
  }
  return path;
}

/** Reads the images. @throws NatsError for what is malformed; IO errors pass through */
export async function openPretraining(config: Config, processes: Processes = {}): Promise<Pretraining> {
  const backbone = backboneConfigOf(config.backbone);
  const datasets = await classificationData(config, backbone.inputChannels);
  const classes = datasets.train.classes.length;
  const objective = classification({
    network: (scope, x, options) => buildClassifier(scope, x, backbone, { ...options, classes }),
    datasets: { ...datasets },
    batchSize: ownBatch(config.pretrain.batchSize, processes, 'pretrain.batchSize'),
    statistics: inputStatistics(backbone),
    seed: config.seed,
    config: backbone,
  });
  return { objective, evaluated: datasets.test !== undefined };
}

interface ClassificationData {
  readonly train: ImageDataset;
  readonly test?: ImageDataset;
}

async function classificationData({ seed, pretrain: { data } }: Config, channels: number): Promise<ClassificationData> {
  switch (data.format) {
    case 'mnist': {
      const digits = await loadMnist('train');
      return { train: await mnistTextures({ digits, size: data.images, seed: data.seed ?? seed }) };
    }
    case 'cifar10': {
      const test = data.test && (await readCifar(data.test, { name: 'cifar10/test' }));
      return { train: await readCifar(data.train), ...(test && { test }) };
    }
    case 'folder': {
      const size = { channels, height: data.size, width: data.size, decode: squareDecoder };
      const test = data.test === undefined ? undefined : await readImageFolder(data.test, size);
      return { train: await readImageFolder(data.train, size), ...(test && { test }) };
    }
  }
}

/** Resizes to the size that is asked for, whatever the shape was. */
const squareDecoder: ImageDecoder = async (bytes, { channels, height, width }) => {
  const image = await decodeImage(bytes, 'image', { channels: channels === 1 ? 1 : 3 });
  const [scaleX, scaleY] = [width / image.width, height / image.height];
  const { pixels } = placeImage(image, { x: 0, y: 0, width, height, scaleX, scaleY }, [height, width]);
  const area = height * width;
  // Planes to interleaved.
  return Uint8Array.from(
    { length: pixels.length },
    (_, i) => pixels[(i % channels) * area + Math.floor(i / channels)]!,
  );
};
