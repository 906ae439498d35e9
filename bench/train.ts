import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDetector, type Dataset, detection, encodePng, fineTune, retinanetConfig } from '@nats/detect';
import { onnxruntimeEngine } from '@nats/engine/onnxruntime';
import { hash32 } from '@nats/graph';
import { resnetConfig } from '@nats/space';
import { createTraining } from '@nats/train';
import { type BenchResult, median, option } from './lib/bench.js';
import { libraryRows, type Measured, ratiosTo } from './lib/libraries.js';
import { pythonOption } from './lib/python.js';
import { type StepTime, type StepWorker, startEngine, startPython } from './lib/step-worker.js';
import { machineNow, summaryOption, writeSummary } from './lib/summary.js';

/** OpenBLAS has dozens on one core, Debian's reference BLAS about one. */
const LEAST_GFLOPS = 8;

const DETECTORS = ['retinanet', 'fcos', 'faster-rcnn'] as const;

/**
 * A training step and a detection of RetinaNet, FCOS and Faster R-CNN with ResNet-18 and torchvision's pyramid and heads,
 * ours and torchvision's by turns in one run, and how long a training on image files waits for them.
 * `npm run bench -- train [--steps 10] [--warm 2] [--threads 2] [--size 256] [--batch 2] [--retinanet 1] [--fcos 1]
 * [--faster-rcnn 1] [--waiting 1] [--python COMMAND] [--summary FILE]`: 0 leaves a part out; `--python` as often as there are
 * torchvisions to compare with (default Debian's), `--summary` for the document's table.
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const [steps, warm] = [option(args, 'steps', 10), option(args, 'warm', 2)];
  const [threads, size, batch] = [option(args, 'threads', 2), option(args, 'size', 256), option(args, 'batch', 2)];
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  const summary: (string | number)[][] = [];
  const pythons = pythonOption(args);
  for (const detector of DETECTORS.filter((name) => option(args, name, 1) !== 0)) {
    const ours = await startEngine([threads, detector, size, batch], './detector-worker.ts');
    const theirs = await Promise.all(
      pythons.map((python) => startPython(python, [threads, detector, size, batch], '../torchvision_worker.py')),
    );
    const sides = [ours, ...theirs.filter((side) => side !== undefined)];
    for (const { start } of sides.slice(1)) {
      if (start.gflops! >= LEAST_GFLOPS) continue;
      console.log(
        `${start.library} multiplies matrices at ${start.gflops!.toFixed(1)} GFLOPS: its BLAS is the reference one, ratios say nothing. Install libopenblas0.`,
      );
    }
    const trained = await takeTurns(sides, (side) => side.step(), warm, steps);
    const peaks = await Promise.all(sides.map((side) => side.peak()));
    const detected = await takeTurns(sides, (side) => side.infer(), warm, steps);
    const measured: Measured[] = [];
    for (const [i, side] of sides.entries()) {
      const { library = 'onnxruntime' } = side.start;
      const values = {
        step: trained[i]!.map(({ ms }) => ms),
        'step-processor': trained[i]!.map(({ processor }) => processor),
        detection: detected[i]!.map(({ ms }) => ms),
        'detection-processor': detected[i]!.map(({ processor }) => processor),
        memory: [peaks[i]! / 1e6],
      };
      for (const [name, list] of Object.entries(values)) samples[`${detector}/${library}/${name}`] = list;
      measured.push({ library, values });
      rows.push({
        detector,
        library,
        'ms/step': median(values.step),
        'best ms': Math.min(...values.step),
        'processor ms': median(values['step-processor']),
        'images/s trained': (batch * 1000) / median(values.step),
        'ms/detection': median(values.detection),
        'its processor ms': median(values['detection-processor']),
        'images/s detected': 1000 / median(values.detection),
        'peak MB of training': peaks[i]! / 1e6,
      });
      side.stop();
    }
    Object.assign(ratios, ratiosTo(detector, measured));
    const subject = `${detector}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
    summary.push(...libraryRows(subject, measured, ['step', 'step-processor', 'detection', 'memory']));
  }
  if (Object.keys(ratios).length === 0) {
    console.log("No torchvision in Debian's Python (python3-torchvision): no ratios.");
  }
  if (option(args, 'waiting', 1) !== 0) {
    const waiting = await waitShare(threads, size, batch, steps);
    ratios['waiting-share'] = waiting;
    console.log(
      `Of a training on PNG files of 640 x 480, with ${batch} images a step, ${(100 * waiting).toFixed(1)} % is waiting.`,
    );
  }
  const file = summaryOption(args);
  const columns = ['detector', 'library', 'step, ms', 'processor, ms', 'detection of one image, ms', 'peak memory, MB'];
  if (file !== undefined)
    writeSummary(file, { command: 'npm run bench -- train', machine: machineNow(), columns, rows: summary });
  return { name: 'train', rows, ratios, samples };
}

async function takeTurns(
  sides: readonly StepWorker[],
  ask: (side: StepWorker) => Promise<StepTime>,
  warm: number,
  count: number,
): Promise<StepTime[][]> {
  const times: StepTime[][] = sides.map(() => []);
  for (let i = 0; i < warm + count; i++) {
    for (const [k, side] of sides.entries()) {
      const time = await ask(side);
      if (i >= warm) times[k]!.push(time);
    }
  }
  return times;
}

/** Share of the steps' time in which they wait for batches from files: decoded, augmented and letterboxed in a thread. */
async function waitShare(threads: number, size: number, batchSize: number, steps: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'nats-bench-'));
  const engine = onnxruntimeEngine({ threads });
  const config = retinanetConfig({ backbone: resnetConfig('resnet18'), inputSize: [size, size], classes: 20 });
  const objective = detection({
    detector: buildDetector(config),
    datasets: {
      train: {
        dataset: await imagesIn(directory),
        augment: { flip: 0.5, scale: [0.5, 1.5], color: { brightness: 0.2, contrast: 0.2, saturation: 0.2 } },
      },
    },
    batchSize,
  });
  try {
    const training = await createTraining({
      engine,
      objective,
      ...fineTune({ backbone: config.backbone, steps, batchSize }),
    });
    let [seconds, waited] = [0, 0];
    for await (const event of training.events()) {
      // The first step waits for the thread to start.
      if (event.type !== 'step' || event.step === 1) continue;
      seconds += event.seconds;
      waited += event.waitSeconds;
    }
    await training.dispose();
    return waited / seconds;
  } finally {
    await objective.dispose();
    await engine.dispose();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Photographs are about as hard to decode as noise in patches. */
async function imagesIn(directory: string): Promise<Dataset> {
  const [height, width] = [480, 640];
  const records = await Promise.all(
    Array.from({ length: 16 }, async (_, image) => {
      const pixels = Uint8Array.from({ length: 3 * height * width }, (_, i) => {
        const [y, x] = [Math.floor(i / width) % height, i % width];
        return (hash32(image, (y >> 3) * 100 + (x >> 3)) & 127) + (hash32(7, i) & 15);
      });
      const file = join(directory, `${image}.png`);
      await writeFile(file, await encodePng({ channels: 3, height, width, pixels }));
      const box = [100, 100, 300, 280] as const;
      return { id: String(image), source: { file }, width, height, objects: [{ box, label: image }] };
    }),
  );
  return { name: 'patches', classes: Array.from({ length: 20 }, (_, i) => `class ${i}`), records, problems: [] };
}
