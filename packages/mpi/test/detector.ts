// Run by detector.test.ts, alone or on several ranks: trains small detectors, or searches, on images that are made here.
// node … detector.ts '[{"kind":"fcos","batch":2,"steps":4,"out":"state.bin"}]'
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { serialize } from 'node:v8';
import { buildDetector, type Dataset, demoDetectorConfig, demoFasterRcnnConfig, detection } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { hash32, referenceEngine } from '@nats/graph';
import { launcherOf, mpiCollective } from '@nats/mpi';
import { createSearch } from '@nats/search';
import { demoResnet, searchSpace } from '@nats/space';
import { constantRate, createTraining, sgd } from '@nats/train';

export interface Job {
  readonly kind: 'fcos' | 'faster-rcnn' | 'search' | 'search-strips';
  /** Images in the batch of each rank. */
  readonly batch: number;
  readonly steps: number;
  /** Where rank 0 writes the state. */
  readonly out: string;
  /** Gradients as they are, which momentum's first step keeps: they are not clipped. */
  readonly gradients?: true;
  /** Default: float32, by ONNX Runtime. */
  readonly precision?: 'float64';
}

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

const options = {
  classes: 2,
  inputSize: [SIDE, SIDE] as const,
  backbone: { ...demoResnet(), inputStatistics: { mean: [0.4], deviation: [0.2] } },
};
const data = rectangles(24);
const onnxruntime = onnxruntimeEngine({ threads: 1 });
const mpi = launcherOf(process.env) && (await mpiCollective({ timeout: 60 }));
// Norms keep their statistics: those of a batch would be those of each rank's own.
const fitting = {
  optimizer: sgd({ momentum: 0.9 }),
  learningRate: constantRate(0.002),
  normalization: () => 'running' as const,
};

/** Losses, last metrics, and the bits of the state as a hash. */
async function run({ kind, batch, steps, out, gradients, precision }: Job) {
  const engine = precision ? referenceEngine() : onnxruntime;
  const clip = gradients ? {} : { clipNorm: 10 };
  const objective = detection({
    detector: buildDetector(kind === 'faster-rcnn' ? demoFasterRcnnConfig(options) : demoDetectorConfig(options)),
    datasets: {
      train: data,
      weights: { dataset: data, indices: Array.from({ length: 12 }, (_, i) => 2 * i) },
      architecture: { dataset: data, indices: Array.from({ length: 12 }, (_, i) => 2 * i + 1) },
      test: rectangles(7),
    },
    batchSize: batch,
    evaluationBatchSize: 2,
    workers: 0,
  });
  const common = { engine, objective, steps, seed: 5, ...(mpi && { collective: mpi }) };
  const search =
    kind === 'search' || kind === 'search-strips'
      ? await createSearch({
          ...common,
          space: searchSpace(options.backbone, {
            genotypes: [
              [1, 1],
              [2, 2],
            ],
            division: { groups: 4 },
          }),
          relaxation: { kind: 'sampled', ...(kind === 'search-strips' && { estimator: 'reinmax', strips: 8 }) },
          weights: { ...fitting, ...clip },
          // Adam would divide gradients by their own size, and so enlarge what rounding leaves of those near zero.
          architecture: { start: 1, optimizer: sgd(), learningRate: constantRate(1) },
        })
      : undefined;
  const training =
    search?.training ??
    (await createTraining({
      ...common,
      phases: [{ ...fitting, ...clip }],
      ...(!gradients && { evaluation: { split: 'test' } }),
    }));
  const losses: number[] = [];
  let metrics: unknown;
  for await (const event of (search ?? training).events()) {
    if (event.type === 'step') losses.push(event.loss);
    if (event.type === 'evaluation') metrics = event.metrics;
  }
  const state = await training.state.read();
  const bits = createHash('sha256');
  for (const { data: values } of state.values())
    bits.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  if ((mpi?.rank ?? 0) === 0) writeFileSync(out, serialize(state));
  await training.dispose();
  await objective.dispose();
  return { losses, metrics, bits: bits.digest('hex') };
}

const results = [];
for (const job of JSON.parse(process.argv[2]!) as Job[]) results.push(await run(job));
process.stdout.write(`${JSON.stringify({ rank: mpi?.rank ?? 0, results })}\n`);
await mpi?.close();
