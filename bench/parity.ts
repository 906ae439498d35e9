import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TensorData } from '@nats/graph';
import { detectorSpec, openEngine, taskObjective } from '@nats/pipeline';
import { readWeights } from '@nats/transfer';
import { type BenchResult, option } from './lib/bench.js';
import { type ParityOptions, type ParityTask, parityTask } from './lib/parity-task.js';
import { trainInTorchvision } from './lib/parity-torchvision.js';
import type { OurTraining } from './lib/parity-worker.js';
import { runWorker } from './lib/step-worker.js';

/**
 * torchvision's own RetinaNet and FCOS and ours, trained on photographs from the same first values of all parameters on the same
 * batches with the same rates: what differs is who computes losses, gradients and steps. AP on the validation split by seed (of both
 * by our evaluation of the weights), time and peak memory. ResNet-18 up to C4 with ImageNet weights, C3 and C4 and two added levels,
 * stem, C2 and norms frozen, AdamW, half the rate for the backbone, mirrored images; the sides train one after the other.
 * What has ended is kept in `runs/parity` and not trained again. Needs `runs/photographs` as docs/notes/photographs.md says, and python3-torchvision.
 * `npm run bench -- parity [--steps 400] [--size 224] [--batch 8] [--rate 4e-4] [--seeds 3] [--threads 2] [--retinanet 1]
 * [--fcos 0]`: 1 or 0 for each detector
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const common = {
    steps: option(args, 'steps', 400),
    size: option(args, 'size', 224),
    batch: option(args, 'batch', 8),
    threads: option(args, 'threads', 2),
    rate: option(args, 'rate', 4e-4),
  };
  const rows: Record<string, string | number>[] = [];
  const ratios: Record<string, number> = {};
  const samples: Record<string, readonly number[]> = {};
  for (const detector of ['retinanet', 'fcos'].filter((name, i) => option(args, name, i === 0 ? 1 : 0) !== 0)) {
    const found: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] };
    for (let seed = 0; seed < option(args, 'seeds', 3); seed++) {
      const options: ParityOptions = { ...common, detector, seed };
      const { steps, size, batch, rate, threads } = common;
      const folder = join('runs', 'parity', [detector, size, steps, batch, rate, threads, seed].join('-'));
      mkdirSync(folder, { recursive: true });
      const opened = await parityTask(options);
      const ours = await once(join(folder, 'ours.json'), () =>
        runWorker<OurTraining>('./parity-worker.ts', [folder, JSON.stringify(options)]),
      );
      const theirs = await once(join(folder, 'theirs.json'), () => trainInTorchvision(folder, options, opened));
      for (const [side, file, training] of [
        ['ours', 'ours.safetensors', ours],
        ['theirs', 'theirs.pth', theirs],
      ] as const) {
        const { AP, AP50, APlarge } = await evaluated(opened, join(folder, file));
        found[side].push(AP);
        samples[`${detector}/${side}/losses of seed ${seed}`] = training.losses;
        rows.push({
          detector,
          seed,
          side: side === 'ours' ? 'onnxruntime' : `torchvision, PyTorch ${theirs.torch}`,
          AP: 100 * AP,
          AP50: 100 * AP50,
          large: 100 * APlarge,
          'first loss': training.losses[0]!,
          'last losses': mean(training.losses.slice(-20)),
          'losses of 10 steps apart': apart(training.losses, theirs.losses, 10),
          'ms/step': (1000 * training.seconds) / common.steps,
          'processor ms': (1000 * training.processorSeconds) / common.steps,
          'peak MB': training.bytes / 1e6,
        });
        console.log(JSON.stringify(rows.at(-1)));
      }
      ratios[`time/${detector}/${seed}`] = ours.seconds / theirs.seconds;
      ratios[`memory/${detector}/${seed}`] = ours.bytes / theirs.bytes;
    }
    for (const [side, values] of Object.entries(found)) samples[`${detector}/${side}/AP`] = values;
    const lead = 100 * (mean(found.ours) - mean(found.theirs));
    console.log(`${detector}: ours is ${lead.toFixed(1)} AP above torchvision over ${found.ours.length} seeds`);
  }
  return { name: 'parity', rows, ratios, samples };
}

/** COCO's numbers on the validation split, 0 to 1. */
async function evaluated(
  { config, task }: ParityTask,
  file: string,
): Promise<Record<string, number> & { AP: number; AP50: number; APlarge: number }> {
  const { tensors } = await readWeights(file);
  const spec = detectorSpec(task.detector);
  const values = new Map<string, TensorData>([...tensors].filter(([name]) => spec.has(name)));
  const engine = await openEngine(config.engine);
  const objective = taskObjective(task, config, config.train);
  const state = await engine.createState(spec, values);
  try {
    const { summary } = await objective.evaluateSplit({
      engine,
      state,
      split: 'val',
      compile: (_key, build) => engine.compile(build()),
    });
    return summary.named as Record<string, number> & { AP: number; AP50: number; APlarge: number };
  } finally {
    await state.dispose();
    await objective.dispose();
    await engine.dispose();
  }
}

/** A training that ended is not done again: all of them take hours. */
async function once<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
  const result = await work();
  writeFileSync(path, JSON.stringify(result));
  return result;
}

/** The largest relative difference within the first steps. */
function apart(a: readonly number[], b: readonly number[], steps: number): number {
  return Math.max(...a.slice(0, steps).map((loss, i) => Math.abs(loss / b[i]! - 1)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
