import {
  boxHeadLoss,
  boxStage,
  classwiseNms,
  type Detector,
  type DetectorBase,
  demoDetectorConfig,
  demoFasterRcnnConfig,
  type FasterRcnnConfig,
  fasterRcnn,
  fasterRcnnConfig,
  fcos,
  firstStage,
  matchBoxes,
  proposalCandidates,
  rpnLoss,
  samplingKeys,
  totalLoss,
} from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import {
  createProgram,
  createScope,
  type Engine,
  type Executable,
  type Feeds,
  hashNormal,
  initialize,
  input,
  mergeSpecs,
  type Scope,
  type State,
  type TensorData,
  tensorData,
} from '@nats/graph';
import { resnetConfig } from '@nats/space';
import { adamw, trainingStep } from '@nats/train';
import { type BenchResult, median, option } from './lib/bench.js';

const PLACES = 8;

interface Variant {
  readonly name: string;
  readonly step: () => Promise<void>;
  readonly times: number[];
}

/**
 * A training step of Faster R-CNN as one program, and as two with a host between them that suppresses, assigns and samples
 * in TypeScript (the second computes the backbone again, for its gradient). By turns in one run; processor time, which
 * neighbors disturb least. docs/adr/0004 draws its figures from here.
 *
 * `npm run bench -- two-stage [--rounds 12] [--threads 1] [--size 256]`
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, 'rounds', 12);
  const engine = onnxruntimeEngine({ threads: option(args, 'threads', 1) });
  const size = option(args, 'size', 256);
  const large = fasterRcnnConfig({ backbone: resnetConfig('resnet50'), inputSize: [size, size], classes: 20 });
  const cases: [string, number, Variant[]][] = [
    ['demo, 16 x 128 px', 16, await armsOf(engine, demoFasterRcnnConfig(), 16, fcos(demoDetectorConfig()))],
    [`ResNet-50, 2 x ${size} px`, 2, await armsOf(engine, large, 2)],
  ];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  for (const [title, batch, variants] of cases) {
    // The first rounds warm up.
    for (let round = -2; round < rounds; round++) {
      for (const variant of variants) {
        const before = process.cpuUsage();
        await variant.step();
        const { user, system } = process.cpuUsage(before);
        if (round >= 0) variant.times.push((user + system) / 1000);
      }
    }
    const one = median(variants[0]!.times);
    for (const { name, times } of variants) {
      const ms = median(times);
      rows.push({ detector: title, step: name, 'ms of processor': ms, 'ms an image': ms / batch, ratio: ms / one });
      if (name !== variants[0]!.name) ratios[`${title}/${name}`] = ms / one;
      samples[`${title}/${name}`] = times;
    }
  }
  await engine.dispose();
  return { name: 'two-stage', rows, ratios, samples };
}

async function armsOf(engine: Engine, config: FasterRcnnConfig, batch: number, other?: Detector): Promise<Variant[]> {
  const images = imageShape(config, batch);
  const detector = fasterRcnn(config);
  const shared: Feeds = { ...imagesAndObjects(config, batch), learningRate: tensorData('float32', [], [1e-4]) };
  const drawn = detector.feeds!(batch, PLACES, 1);
  const one = await trainingArm(engine, (scope) => {
    const { loss } = detector.loss(scope, input('images', 'float32', images), targetInputs(batch));
    return { loss };
  });
  const variants: Variant[] = [variant('one program', () => one.executable.run(one.state, { ...shared, ...drawn }))];

  // Two programs: the first gives each level's best boxes, the host what the second is fed.
  const proposing = await forwardArm(engine, config, batch);
  const trainingOnly = await trainingArm(engine, (scope) => givenProposals(scope, config, batch));
  const propose = () => proposing.executable.run(proposing.state, { images: shared.images! });
  const first = await propose();
  const selected = hostProposals(first, config, shared);
  const rest = { ...shared, 'rpn.keys': drawn['rpn.keys']!, ...selected };
  variants.push(
    variant('two programs', async () => {
      const found = await propose();
      const fed = hostProposals(found, config, shared);
      await trainingOnly.executable.run(trainingOnly.state, { ...rest, ...fed });
    }),
    variant('first program', propose),
    variant('host', async () => hostProposals(first, config, shared)),
    variant('second program', () => trainingOnly.executable.run(trainingOnly.state, rest)),
  );
  if (other) {
    const single = await trainingArm(engine, (scope) => {
      const { loss } = other.loss(scope, input('images', 'float32', images), targetInputs(batch));
      return { loss };
    });
    variants.push(variant(`${other.name}, one stage`, () => single.executable.run(single.state, shared)));
  }
  return variants;
}

function variant(name: string, step: () => Promise<unknown>): Variant {
  return { name, step: async () => void (await step()), times: [] };
}

const imageShape = ({ backbone, inputSize }: DetectorBase, batch: number) => [
  batch,
  backbone.inputChannels,
  ...inputSize,
];

const targetInputs = (batch: number) => ({
  boxes: input('boxes', 'float32', [batch, PLACES, 4]),
  labels: input('labels', 'int32', [batch, PLACES]),
});

async function trainingArm(
  engine: Engine,
  loss: Parameters<typeof trainingStep>[0]['loss'],
): Promise<{ executable: Executable; state: State }> {
  const { program, spec } = trainingStep({ loss }, { optimizer: adamw() });
  return { executable: await engine.compile(program), state: await engine.createState(spec, initialize(spec, 1)) };
}

async function forwardArm(engine: Engine, config: FasterRcnnConfig, batch: number) {
  const scope = createScope({ normalization: 'batch' });
  const { rpn, anchors } = firstStage(scope, input('images', 'float32', imageShape(config, batch)), config, {});
  const levels = proposalCandidates(rpn, anchors, config.trainingProposals.candidatesPerLevel, config.inputSize);
  const outputs = Object.fromEntries(
    levels.flatMap(({ boxes, scores }, i) => [
      [`boxes.${i}`, boxes],
      [`scores.${i}`, scores],
    ]),
  );
  const program = createProgram({ outputs });
  return {
    executable: await engine.compile(program),
    state: await engine.createState(scope.spec, initialize(mergeSpecs(scope.spec), 1)),
  };
}

/** The loss for boxes that the host has chosen: `chosen` `[B, S, 4]`, assigned to objects in the program as before. */
function givenProposals(scope: Scope, config: FasterRcnnConfig, batch: number) {
  const targets = targetInputs(batch);
  const first = firstStage(scope, input('images', 'float32', imageShape(config, batch)), config, {});
  const keys = input('rpn.keys', 'float32', [batch, first.anchors.boxes.shape[0]!]);
  const places = config.boxSampler.size;
  const boxes = input('chosen', 'float32', [batch, places, 4]);
  const sampled = matchBoxes({ boxes, valid: input('chosen.valid', 'bool', [batch, places]) }, targets, 0.5);
  const losses = rpnLoss(first.rpn, first.anchors, targets, keys, config.rpnSampler);
  const { loss } = totalLoss({ ...losses, ...boxHeadLoss(boxStage(scope, first, sampled.boxes, config), sampled) });
  return { loss };
}

/** Suppression level by level, the best of all, objects added, a balanced sample: what one program does by itself. */
function hostProposals(found: Readonly<Record<string, TensorData>>, config: FasterRcnnConfig, targets: Feeds): Feeds {
  const { iouThreshold, maxProposals } = config.trainingProposals;
  const { size, foregroundShare } = config.boxSampler;
  const batch = targets.labels!.shape[0]!;
  const levels = config.anchors.map((_, i) => ({ boxes: found[`boxes.${i}`]!, scores: found[`scores.${i}`]! }));
  const chosen = new Float32Array(batch * size * 4);
  const valid = new Uint8Array(batch * size);
  for (let image = 0; image < batch; image++) {
    const boxes: number[] = [];
    const scores: number[] = [];
    const labels: number[] = [];
    for (const [level, { boxes: all, scores: own }] of levels.entries()) {
      const k = own.shape[1]!;
      for (let i = image * k; i < (image + 1) * k; i++) {
        if (own.data[i] === Number.NEGATIVE_INFINITY) continue;
        boxes.push(...all.data.subarray(i * 4, i * 4 + 4));
        scores.push(own.data[i]!);
        labels.push(level);
      }
    }
    const kept = classwiseNms({ boxes, scores, labels }, iouThreshold, maxProposals).map((i) =>
      boxes.slice(i * 4, i * 4 + 4),
    );
    const objects = Array.from({ length: PLACES }, (_, m) => image * PLACES + m)
      .filter((m) => targets.labels!.data[m]! >= 0)
      .map((m) => [...targets.boxes!.data.subarray(m * 4, m * 4 + 4)]);
    const candidates = [...kept, ...objects];
    const { data: keys } = samplingKeys(1, candidates.length, image);
    const order = [...candidates.keys()].sort((a, b) => keys[b]! - keys[a]!);
    const isForeground = candidates.map((box) => objects.some((object) => iou(box, object) >= 0.5));
    const foreground = order.filter((i) => isForeground[i]).slice(0, Math.floor(size * foregroundShare));
    const background = order.filter((i) => !isForeground[i]).slice(0, size - foreground.length);
    for (const [place, i] of [...foreground, ...background].entries()) {
      chosen.set(candidates[i]!, (image * size + place) * 4);
      valid[image * size + place] = 1;
    }
  }
  return {
    chosen: { dtype: 'float32', shape: [batch, size, 4], data: chosen },
    'chosen.valid': { dtype: 'bool', shape: [batch, size], data: valid },
  };
}

function iou(a: readonly number[], b: readonly number[]): number {
  const side = (axis: number) => Math.max(0, Math.min(a[axis + 2]!, b[axis + 2]!) - Math.max(a[axis]!, b[axis]!));
  const area = (c: readonly number[]) => (c[2]! - c[0]!) * (c[3]! - c[1]!);
  const both = side(0) * side(1);
  return both / (area(a) + area(b) - both);
}

/** Noise, and four objects in each image. */
function imagesAndObjects(config: DetectorBase, batch: number): Feeds {
  const shape = imageShape(config, batch);
  const [height, width] = config.inputSize;
  const pixels = new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, i) => hashNormal(1, i));
  const boxes = new Float32Array(batch * PLACES * 4);
  const labels = new Int32Array(batch * PLACES).fill(-1);
  for (let image = 0; image < batch; image++) {
    for (let k = 0; k < 4; k++) {
      const [x, y] = [((k % 2) * width) / 2, (Math.floor(k / 2) * height) / 2];
      boxes.set([x + 4, y + 4, x + width * 0.4, y + height * (0.2 + 0.06 * k)], (image * PLACES + k) * 4);
      labels[image * PLACES + k] = k;
    }
  }
  return {
    images: { dtype: 'float32', shape, data: pixels },
    boxes: { dtype: 'float32', shape: [batch, PLACES, 4], data: boxes },
    labels: { dtype: 'int32', shape: [batch, PLACES], data: labels },
  };
}
