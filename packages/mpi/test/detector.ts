// Run by detector.test.ts, alone or on several ranks: trains a small detector, or searches, on images that are made here.
// node … detector.ts '{"kind":"fcos","batch":2,"steps":4,"out":"state.bin","checkpoints":"runs","breakAt":3}'
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { buildDetector, type Dataset, demoDetectorConfig, demoFasterRcnnConfig, detection } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { hash32, type TensorData } from '@nats/graph';
import { launcherOf, mpiCollective } from '@nats/mpi';
import { createSearch } from '@nats/search';
import { demoResnet, searchSpace } from '@nats/space';
import { checkpointDirectory, constantRate, createTraining, evaluateObjective, sgd } from '@nats/train';

export interface Job {
  readonly kind: 'fcos' | 'faster-rcnn' | 'search';
  /** Images in the batch of each rank. */
  readonly batch: number;
  readonly steps: number;
  /** Where rank 0 writes the state. */
  readonly out?: string;
  readonly checkpoints?: string;
  /** Instead of training: evaluates the state in this file. */
  readonly evaluate?: string;
  /** From this step on rank 1 kills itself. */
  readonly killAt?: number;
  /** The image of this number can not be read. */
  readonly broken?: number;
}

const job = JSON.parse(process.argv[2]!) as Job;
const SIDE = 64;

/** Bright rectangles on noise; another one for each number. */
function rectangles(count: number): Dataset {
  const record = (i: number) => {
    const random = (k: number, limit: number) => hash32(hash32(11, i), k) % limit;
    const [width, height] = [12 + random(1, 30), 12 + random(2, 30)];
    const [x, y] = [random(3, SIDE - width), random(4, SIDE - height)];
    const box = [x, y, x + width, y + height] as const;
    // Some images have one object, some three: the counts of ranks differ.
    const objects = Array.from({ length: 1 + 2 * (i % 2) }, () => ({ box, label: i % 2 }));
    const load = () => {
      if (i === job.broken) throw new Error(`rectangle-${i} can not be read`);
      const inside = (place: number) => {
        const [px, py] = [place % SIDE, Math.floor(place / SIDE)];
        return px >= x && px < x + width && py >= y && py < y + height;
      };
      const pixels = Uint8Array.from(
        { length: SIDE * SIDE },
        (_, place) => random(place + 9, 80) + (inside(place) ? 150 : 0),
      );
      return { channels: 1, height: SIDE, width: SIDE, pixels };
    };
    return { id: `rectangle-${i}`, source: { load }, width: SIDE, height: SIDE, objects };
  };
  return {
    name: 'rectangles',
    classes: ['even', 'odd'],
    records: Array.from({ length: count }, (_, i) => record(i)),
    problems: [],
  };
}

const options = { classes: 2, inputSize: [SIDE, SIDE] as const, backbone: demoResnet() };
const data = rectangles(24);
const objective = detection({
  detector: buildDetector(job.kind === 'faster-rcnn' ? demoFasterRcnnConfig(options) : demoDetectorConfig(options)),
  datasets: {
    train: data,
    weights: { dataset: data, indices: Array.from({ length: 12 }, (_, i) => 2 * i) },
    architecture: { dataset: data, indices: Array.from({ length: 12 }, (_, i) => 2 * i + 1) },
    test: rectangles(10),
  },
  batchSize: job.batch,
  evaluationBatchSize: 3,
  statistics: { mean: [0.4], deviation: [0.2] },
  workers: 0,
});
const engine = onnxruntimeEngine({ threads: 1 });
const mpi = launcherOf(process.env) && (await mpiCollective({ timeout: 60 }));
const common = {
  engine,
  objective,
  steps: job.steps,
  seed: 5,
  ...(mpi && { collective: mpi }),
  ...(job.checkpoints && {
    checkpoints: { store: checkpointDirectory(job.checkpoints), every: 2, resume: 'if-present' as const },
  }),
};
// Norms keep their statistics: those of a batch would be those of each rank's own.
const fitting = {
  optimizer: sgd({ momentum: 0.9 }),
  learningRate: constantRate(0.002),
  normalization: () => 'running' as const,
};
const search =
  job.kind === 'search'
    ? await createSearch({
        ...common,
        space: searchSpace(options.backbone, {
          genotypes: [
            [1, 1],
            [2, 2],
          ],
          division: { groups: 4 },
        }),
        relaxation: { kind: 'sampled' },
        weights: { ...fitting, clipNorm: 10 },
        // Adam would divide gradients by their own size, and so enlarge what rounding leaves of those near zero.
        architecture: { start: 1, optimizer: sgd(), learningRate: constantRate(1) },
      })
    : undefined;
const training =
  search?.training ??
  (await createTraining({ ...common, phases: [{ ...fitting, clipNorm: 10 }], evaluation: { split: 'test' } }));

const losses: number[] = [];
let metrics: unknown;
let resumedAt = 0;
if (job.evaluate) {
  await training.state.write(deserialize(readFileSync(job.evaluate)) as Map<string, TensorData>);
  metrics = await evaluateObjective(objective, { engine, state: training.state, split: 'test' });
}
for await (const event of job.evaluate ? [] : (search ?? training).events()) {
  if (event.type === 'start') resumedAt = event.step;
  if (event.type === 'step') losses.push(event.loss);
  if (event.type === 'evaluation') metrics = event.metrics;
  if (event.type === 'step' && mpi?.rank === 1 && event.step === job.killAt) process.kill(process.pid, 'SIGKILL');
}
const state = await training.state.read();
const bits = createHash('sha256');
for (const { data: values } of state.values())
  bits.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
if (job.out && (mpi?.rank ?? 0) === 0) writeFileSync(job.out, serialize(state));
process.stdout.write(
  `${JSON.stringify({ rank: mpi?.rank ?? 0, losses, metrics, resumedAt, bits: bits.digest('hex') })}\n`,
);
await objective.dispose();
await mpi?.close();
