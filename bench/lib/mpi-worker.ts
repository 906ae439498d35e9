import { buildDetector, fcosConfig, NO_OBJECT } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { type Feeds, hashNormal, input, tensorData } from '@nats/graph';
import { launcherOf, type MpiCollective, mpiCollective } from '@nats/mpi';
import { type Freezing, isFrozen, resnetConfig, trainingNormalization } from '@nats/space';
import { type Collective, constantRate, createTraining, type Objective, sgd } from '@nats/train';
import { bareAllReduce } from '../../packages/mpi/test/bare-all-reduce.js';

/**
 * One process of bench/mpi.ts: `{"backbone", "batch" (of all processes), "size", "threads", "steps", "warm"}`. The first prints
 * `MpiMeasurement` as its last line.
 */
export interface MpiJob {
  readonly backbone: 'resnet18' | 'resnet50';
  readonly batch: number;
  readonly size: number;
  readonly threads: number;
  readonly steps: number;
  readonly warm: number;
}

export interface MpiMeasurement {
  /** Milliseconds of each step after the first `warm`. */
  readonly step: readonly number[];
  /** Milliseconds of each step in all-reduces, once all processes are there. */
  readonly reduce: readonly number[];
  /** Milliseconds of each step in which this process waits for the others before them. */
  readonly wait: readonly number[];
  /** Of each step. */
  readonly bytes: number;
  /** Milliseconds of the bare call on as many bytes as the largest all-reduce of a step, and of ours, in turn. */
  readonly bare: readonly number[];
  readonly ours: readonly number[];
  /** Bytes, and milliseconds of the bare call on them. */
  readonly sizes: readonly (readonly [number, number])[];
}

const { backbone: name, batch, size, threads, steps, warm } = JSON.parse(process.argv[2]!) as MpiJob;
const [CLASSES, OBJECTS] = [20, 6];
const mpi = launcherOf(process.env) && (await mpiCollective({ timeout: 300 }));
const own = batch / (mpi?.size ?? 1);
// As torchvision's defaults: the stem, the first stage and all norms of the backbone stay.
const freezing: Freezing = { upTo: 'C2', norms: true };
const backbone = resnetConfig(name);
const detector = buildDetector(fcosConfig({ backbone, inputSize: [size, size], classes: CLASSES }));

/** Objects at places that depend on the image; the same batch at every step: loading is not measured here. */
const feeds = ((): Feeds => {
  const boxes = new Float32Array(own * OBJECTS * 4);
  const labels = new Int32Array(own * OBJECTS).fill(NO_OBJECT);
  for (let i = 0; i < own; i++) {
    for (let k = 0; k < OBJECTS; k++) {
      const side = size * (0.1 + 0.12 * k);
      const [x, y] = [((size - side) * ((k * 3 + i) % 7)) / 7, ((size - side) * ((k * 5 + i) % 8)) / 8];
      boxes.set([x, y, x + side, y + side], (i * OBJECTS + k) * 4);
      labels[i * OBJECTS + k] = (i + k) % CLASSES;
    }
  }
  const pixels = Float32Array.from({ length: own * 3 * size * size }, (_, i) => hashNormal(1 + (mpi?.rank ?? 0), i));
  return {
    images: tensorData('float32', [own, 3, size, size], pixels),
    boxes: tensorData('float32', [own, OBJECTS, 4], boxes),
    labels: tensorData('int32', [own, OBJECTS], labels),
  };
})();

const objective: Objective = {
  name: 'fcos',
  batchSize: own,
  splits: { train: { size: 1_000_000 } },
  loss: (scope, { averageFactor, batch: rows = own } = {}) => {
    const images = input('images', 'float32', [rows, 3, size, size]);
    const targets = {
      boxes: input('boxes', 'float32', [rows, OBJECTS, 4]),
      labels: input('labels', 'int32', [rows, OBJECTS]),
    };
    const { loss } = detector.loss(scope, images, targets, { ...(averageFactor && { averageFactor }) });
    return { loss };
  },
  batch: async () => feeds,
  batchOfRank: async () => feeds,
};

const totals = { reduce: 0, wait: 0, bytes: 0, largest: 0 };
const training = await createTraining({
  engine: onnxruntimeEngine({ threads }),
  objective,
  steps: warm + steps,
  phases: [
    {
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
      learningRate: constantRate(1e-5),
      only: (variable) => !isFrozen(backbone, freezing, variable, 'backbone.body'),
      normalization: trainingNormalization(backbone, freezing, 'backbone.body'),
    },
  ],
  ...(mpi && { collective: timed(mpi) }),
});
const samples: { step: number; reduce: number; wait: number }[] = [];
let before = { ...totals };
for await (const event of training.events()) {
  if (event.type !== 'step') continue;
  if (event.step > warm)
    samples.push({
      step: 1000 * event.seconds,
      reduce: totals.reduce - before.reduce,
      wait: totals.wait - before.wait,
    });
  before = { ...totals };
}
const bytes = totals.bytes / (warm + steps);
const compared = mpi ? await compare(mpi, totals.largest) : { bare: [], ours: [], sizes: [] };
if ((mpi?.rank ?? 0) === 0) {
  const of = (key: 'step' | 'reduce' | 'wait') => samples.map((sample) => sample[key]);
  const result: MpiMeasurement = { step: of('step'), reduce: of('reduce'), wait: of('wait'), bytes, ...compared };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
await mpi?.close();

/** The same collective, which notes how long sums take and how long others are waited for before them. */
function timed(collective: Collective): Collective {
  return {
    ...collective,
    allReduce: async (values) => {
      const asked = performance.now();
      await collective.barrier();
      const all = performance.now();
      await collective.allReduce(values);
      totals.reduce += performance.now() - all;
      totals.wait += all - asked;
      totals.bytes += values.byteLength;
      if (values instanceof Float32Array) totals.largest = Math.max(totals.largest, values.length);
    },
  };
}

async function compare(collective: MpiCollective, length: number) {
  const reduce = await bareAllReduce();
  const values = new Float32Array(length).fill(1e-3);
  const [bare, ours]: [number[], number[]] = [[], []];
  const time = async (into: number[], work: () => void | Promise<void>) => {
    await collective.barrier();
    const started = performance.now();
    await work();
    into.push(performance.now() - started);
  };
  for (let i = 0; i < 12; i++) {
    await time(bare, () => reduce(values));
    await time(ours, () => collective.allReduce(values));
  }
  const sizes: (readonly [number, number])[] = [];
  for (let count = 256; count <= 2 ** 24; count *= 8) {
    const [part, times]: [Float32Array, number[]] = [new Float32Array(count), []];
    for (let i = 0; i < 12; i++) await time(times, () => reduce(part));
    times.sort((a, b) => a - b);
    sizes.push([4 * count, times[times.length >> 1]!]);
  }
  return { bare: bare.slice(2), ours: ours.slice(2), sizes };
}
