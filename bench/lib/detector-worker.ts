import { createInterface } from 'node:readline';
import {
  buildDetector,
  type DetectorConfig,
  detectionsOf,
  fasterRcnnConfig,
  fcosConfig,
  NO_OBJECT,
  retinanetConfig,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  hashNormal,
  initialize,
  input,
  type Scope,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { type Freezing, isFrozen, resnetConfig, trainingNormalization } from '@nats/space';
import { sgd, trainingStep } from '@nats/train';

/**
 * Our side of bench/train.ts, as its own process so that its peak memory is its own: `THREADS KIND SIZE BATCH`, KIND
 * retinanet, fcos or faster-rcnn.
 * Answers one JSON line for each line `step`, `infer` or `memory`; the first line is about the start.
 */
const [threads = '2', kind = 'retinanet', sizeText = '256', batchText = '2'] = process.argv.slice(2);
const [size, batch] = [Number(sizeText), Number(batchText)];
const [CLASSES, OBJECTS] = [20, 6];
const BACKBONE = 'backbone.body';
// As torchvision's defaults: the stem, the first stage and all norms of the backbone stay.
const freezing: Freezing = { upTo: 'C2', norms: true };
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

const base = { backbone: resnetConfig('resnet18'), inputSize: [size, size] as const, classes: CLASSES };
const configs: Readonly<Record<string, () => DetectorConfig>> = {
  retinanet: () => retinanetConfig(base),
  fcos: () => fcosConfig(base),
  'faster-rcnn': () => fasterRcnnConfig(base),
};
const detector = buildDetector(configs[kind]!());
const start = performance.now();
const { spec, program } = trainingStep(
  {
    loss: (scope: Scope) => {
      const images = input('images', 'float32', [batch, 3, size, size]);
      const boxes = input('boxes', 'float32', [batch, OBJECTS, 4]);
      const labels = input('labels', 'int32', [batch, OBJECTS]);
      return detector.loss(scope, images, { boxes, labels });
    },
  },
  {
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
    only: (name) => !isFrozen(base.backbone, freezing, name, BACKBONE),
    normalization: trainingNormalization(base.backbone, freezing, BACKBONE),
  },
);
const built = performance.now();
const engine = onnxruntimeEngine({ threads: Number(threads) });
const train = await engine.compile(program);
const compiled = performance.now();
const candidates = detector.candidates(createScope(), input('images', 'float32', [1, 3, size, size]));
// Compiled when it is first asked for: memory of training alone is measured before.
let detect: ReturnType<typeof engine.compile> | undefined;
const state = await engine.createState(spec, firstValues());
const feeds = { ...batchFeeds(), ...detector.feeds?.(batch, OBJECTS, 1), learningRate: tensorData('float32', [], [0]) };
const one = tensorData('float32', [1, 3, size, size], feeds.images.data.slice(0, 3 * size * size));
answer({ nodes: program.nodes.length, graphMs: built - start, sessionMs: compiled - built });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'step') {
    answer(await timed(async () => (await train.run(state, feeds)).loss!.data[0]!));
  } else if (line === 'infer') {
    detect ??= engine.compile(createProgram({ outputs: { ...candidates } }));
    const executable = await detect;
    answer(
      await timed(async () => {
        const { boxes, scores, labels } = await executable.run(state, { images: one });
        return detectionsOf({ boxes: boxes!, scores: scores!, labels: labels! }, { scoreThreshold: 0.5 }).length;
      }),
    );
  } else {
    answer({ bytes: process.resourceUsage().maxRSS * 1024 });
  }
}

/** Not kept beside the state's own, as a training does not keep them. */
function firstValues() {
  const values = initialize(spec, 1);
  // Every score is the prior's, and stays so: what random weights find would decide the time of a detection.
  for (const [name, { data }] of values)
    if (/(cls_logits|box_predictor\.cls_score)\.weight$/.test(name) && !name.startsWith('rpn')) data.fill(0);
  return values;
}

async function timed(work: () => Promise<number>) {
  const [before, busy] = [performance.now(), process.cpuUsage()];
  const loss = await work();
  const { user, system } = process.cpuUsage(busy);
  return { loss, ms: performance.now() - before, processor: (user + system) / 1000 };
}

/** The objects of torchvision_worker.py. */
function batchFeeds(): Record<'images' | 'boxes' | 'labels', TensorData> {
  const boxes = new Float32Array(batch * OBJECTS * 4);
  const labels = new Int32Array(batch * OBJECTS).fill(NO_OBJECT);
  for (let i = 0; i < batch; i++) {
    for (let k = 0; k < OBJECTS; k++) {
      const side = size * (0.1 + 0.12 * k);
      const [x, y] = [((size - side) * ((k * 3 + i) % 7)) / 7, ((size - side) * ((k * 5 + i) % 8)) / 8];
      boxes.set([x, y, x + side, y + side], (i * OBJECTS + k) * 4);
      labels[i * OBJECTS + k] = (i + k) % CLASSES;
    }
  }
  const pixels = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => hashNormal(1, i));
  return {
    images: tensorData('float32', [batch, 3, size, size], pixels),
    boxes: tensorData('float32', [batch, OBJECTS, 4], boxes),
    labels: tensorData('int32', [batch, OBJECTS], labels),
  };
}
