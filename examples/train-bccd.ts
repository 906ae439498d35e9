// Trains a detector of blood cells on photographs: FCOS, RetinaNet or Faster R-CNN on a CIFAR-10 classifier, BCCD's 205
// training images, evaluated on its 87 validation images. Stops cleanly with Ctrl-C and continues when it is run again.
// npx tsx --conditions=@nats/source examples/train-bccd.ts --data BCCD --weights resnet20-12fca82f.th --out runs/bccd
//   [--detector fcos|retinanet|faster-rcnn] [--steps 400] [--seed 0] [--threads 2]
// BCCD: github.com/Shenggan/BCCD_Dataset (the folder with Annotations, ImageSets, JPEGImages).
// Weights: github.com/akamaster/pytorch_resnet_cifar10, pretrained_models.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildDetector,
  type DetectorConfig,
  type DrawnObjects,
  detection,
  drawComparison,
  drawnRecord,
  encodePng,
  evaluateVoc,
  fasterRcnnConfig,
  fcosConfig,
  formatSummary,
  fromClassifier,
  loadRecordImage,
  readVoc,
  retinanetConfig,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { createScope, input } from '@nats/graph';
import { resnetConfig } from '@nats/space';
import { checkpointDirectory, createTraining, recordMetrics } from '@nats/train';
import { formatReport, mapWeights, readWeights, writeSafetensors } from '@nats/transfer';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    weights: { type: 'string' },
    out: { type: 'string', default: 'runs/bccd' },
    detector: { type: 'string', default: 'fcos' },
    steps: { type: 'string', default: '400' },
    seed: { type: 'string', default: '0' },
    threads: { type: 'string', default: '2' },
  },
});
const { data, weights, out } = flags;
if (data === undefined || weights === undefined)
  throw new Error('--data and --weights are needed; see the first lines');
const [steps, seed, threads] = [Number(flags.steps), Number(flags.seed), Number(flags.threads)];
const batchSize = 8;

// Two boxes of BCCD have no area: they are left out, and named.
const train = await readVoc(data, { split: 'train', onProblem: 'drop' });
const val = await readVoc(data, { split: 'val', onProblem: 'drop', classes: train.classes });
for (const { file, field, received } of [...train.problems, ...val.problems]) console.log(file, field, received);

// Photographs of 640 x 480 at two fifths of their size: platelets have about 14 pixels, red cells 40, white ones 75. The
// classifier saw 32 x 32 at stride 1; its stem takes every second pixel here, so that a step costs a quarter, and its stages
// have strides 2, 4 and 8. Three levels of strides 4, 8, 16, one for each kind of cell.
const classifier = resnetConfig('resnet20');
const base = {
  backbone: { ...classifier, stem: { ...classifier.stem, stride: 2 } },
  inputSize: [192, 256],
  classes: train.classes.length,
  stages: ['C3', 'C4'],
  pyramid: { channels: 64, extra: 'p6' },
} as const;
/** Two sizes for each kind of cell, ratios about as `nats inspect data` proposes them. */
const anchors = [
  [12, 17],
  [34, 48],
  [68, 96],
].map((sizes) => ({ sizes, aspectRatios: [0.75, 1, 1.33] }));
const head = { headDepth: 1, headNorm: { kind: 'batch' }, candidatesPerLevel: 200 } as const;
const configs: Readonly<Record<string, () => DetectorConfig>> = {
  fcos: () =>
    fcosConfig({
      ...base,
      ...head,
      ranges: [
        [0, 18],
        [18, 44],
        [44, null],
      ],
      points: 'center',
      distance: 'exp',
      quality: 'iou',
    }),
  retinanet: () => retinanetConfig({ ...base, ...head, anchors }),
  // Boxes from 32 pixels on are pooled at stride 8, platelets at stride 4.
  'faster-rcnn': () =>
    fasterRcnnConfig({
      ...base,
      anchors,
      rpnNorm: { kind: 'batch' },
      rpnSampler: { size: 128, foregroundShare: 0.5 },
      trainingProposals: { candidatesPerLevel: 200, iouThreshold: 0.7, maxProposals: 200 },
      proposals: { candidatesPerLevel: 200, iouThreshold: 0.7, maxProposals: 100 },
      boxSampler: { size: 64, foregroundShare: 0.25 },
      boxPool: { size: 7, samplingRatio: 2, boundaries: [32] },
      representationSize: 128,
      maxCandidates: 300,
    }),
};
const config = configs[flags.detector]?.();
if (!config) throw new Error(`--detector is one of ${Object.keys(configs).join(', ')}; received ${flags.detector}`);
const detector = buildDetector(config);
const objective = detection({
  detector,
  datasets: {
    train: {
      dataset: train,
      augment: {
        flip: 0.5,
        scale: [0.8, 1.25],
        color: { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
      },
    },
    val,
  },
  batchSize,
  seed,
  // The classifier's.
  statistics: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
  evaluationBatchSize: 8,
  workers: 1,
  cache: true,
  config: JSON.parse(JSON.stringify(config)),
});

const prefix = 'backbone.body.';
const scope = createScope();
detector.candidates(scope, input('images', 'float32', [1, 3, ...config.inputSize]));
const expected = new Map([...scope.spec].filter(([name]) => name.startsWith(prefix)));
const { tensors, report } = mapWeights(await readWeights(weights), expected, { prefix });
console.log(formatReport(report));

const engine = onnxruntimeEngine({ threads });
const training = await createTraining({
  engine,
  objective,
  seed,
  initial: tensors,
  evaluation: { every: 100, split: 'val', best: { metric: 'AP50' } },
  checkpoints: { store: checkpointDirectory(join(out, 'checkpoints')), every: 50, resume: 'if-present' },
  ...fromClassifier({ backbone: config.backbone, steps, batchSize }),
});
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const processorMinutes = () => (process.cpuUsage().user + process.cpuUsage().system) / 60e6;
let [seconds, waited] = [0, 0];
for await (const event of recordMetrics(training.events({ signal: stop.signal }), join(out, 'metrics.jsonl'))) {
  if (event.type === 'step') {
    seconds += event.seconds;
    waited += event.waitSeconds;
    if (event.step % 20 === 0) {
      const waiting = ((100 * waited) / seconds).toFixed(1);
      console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}, ${waiting} % of the time waiting for images`);
    }
  }
  if (event.type === 'evaluation') {
    const { AP = 0, AP50 = 0 } = event.metrics;
    const minutes = processorMinutes().toFixed(1);
    console.log(`step ${event.step}: AP ${AP.toFixed(3)}, AP50 ${AP50.toFixed(3)} after ${minutes} processor-minutes`);
  }
}

// The last weights are evaluated, not the best ones: those are chosen by the images they would be evaluated on.
if (!stop.signal.aborted) {
  await writeSafetensors(join(out, 'detector.safetensors'), await training.values());
  const state = await engine.createState(scope.spec, await training.values());
  const compile = engine.compile;
  const evaluated = await objective.evaluateSplit({
    engine,
    state,
    split: 'val',
    compile: (_, build) => compile(build()),
  });
  await writeWhole(join(out, 'detections.json'), JSON.stringify(evaluated.results));
  console.log(formatSummary(evaluated.summary, evaluated.evaluation));
  const voc = evaluateVoc(evaluated.groundTruth, evaluated.results, { year: 2010 });
  for (const [i, name] of train.classes.entries()) console.log(`VOC AP of ${name}: ${voc.perCategory[i]!.toFixed(3)}`);
  console.log(
    `${evaluated.imagesPerSecond.toFixed(1)} images a second, ${processorMinutes().toFixed(1)} processor-minutes`,
  );
  for (const i of [0, 20, 40]) await drawn(i, evaluated.detections[i]!);
}
await training.dispose();
await objective.dispose();
await engine.dispose();

async function drawn(index: number, found: DrawnObjects): Promise<void> {
  const record = val.records[index]!;
  const picture = drawComparison(await loadRecordImage(record), drawnRecord(record), found, {
    classes: val.classes,
    minScore: 0.4,
  });
  await writeWhole(join(out, `${record.id}.png`), await encodePng(picture));
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(out, { recursive: true });
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}
