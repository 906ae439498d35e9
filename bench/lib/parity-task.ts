import { fileURLToPath } from 'node:url';
import { type Config, loadSweep, openTask, parseConfig, type Task, withOverrides } from '@nats/pipeline';

/** What one comparison trains: the same on both sides. */
export interface ParityOptions {
  readonly detector: string;
  readonly seed: number;
  readonly steps: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly batch: number;
  readonly threads: number;
  readonly rate: number;
}

export interface ParityTask {
  readonly config: Config;
  readonly task: Task;
}

/** Detectors as torchvision builds them, of C3 and C4, in the config of the photographs. */
export async function parityTask({
  detector,
  seed,
  steps,
  size,
  batch,
  threads,
  rate,
}: ParityOptions): Promise<ParityTask> {
  const { variants } = await loadSweep(fileURLToPath(new URL('../evidence/photographs.json', import.meta.url)));
  const asTorchvision = {
    retinanet: {},
    fcos: { points: 'topLeft', distance: 'relu' },
  }[detector];
  if (!asTorchvision) throw new Error(`parity compares retinanet and fcos; received ${detector}`);
  const config = withOverrides(variants[0]!.configs.get(0), {
    seed,
    'engine.threads': threads,
    // Decoded photographs would be most of the memory that is compared.
    'data.cache': false,
    detector: { kind: detector, inputSize: [size, size], stages: ['C3', 'C4'], ...asTorchvision },
    train: {
      steps,
      batchSize: batch,
      recipe: 'quick',
      learningRate: rate,
      backboneLearningRateScale: 0.5,
      freeze: { upTo: 'C2', norms: true },
    },
  });
  const parsed = parseConfig(config, 'parity');
  return { config: parsed, task: await openTask(parsed) };
}
