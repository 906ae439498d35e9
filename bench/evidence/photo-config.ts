import { join } from 'node:path';

/** What the photographs' runs differ in. */
export interface PhotoSettings {
  /** A folder of data/ in the folder that NATS_SHARED names. */
  readonly data: string;
  readonly detector?: string;
  /** Side of the square input, in pixels. */
  readonly size: number;
  readonly steps?: number;
  readonly searchSteps?: number;
  readonly frozenNorms?: boolean;
  readonly threads: number;
}

/** AdamW 4e-4, half of it for the backbone, stem and C2 frozen; ResNet-18 up to C4. */
export function photoConfig(settings: PhotoSettings) {
  const { data, detector = 'fcos', size, steps = 400, searchSteps = 300, frozenNorms = false, threads } = settings;
  const shared = process.env.NATS_SHARED;
  if (shared === undefined)
    throw new Error('NATS_SHARED names the folder with data/ and data/imagenet/; it is not set');
  const folder = join(shared, 'data', data);
  const fitting = {
    batchSize: 8,
    learningRate: 4e-4,
    backboneLearningRateScale: 0.5,
    freeze: { upTo: 'C2', norms: frozenNorms },
  };
  return {
    engine: { threads },
    data:
      data === 'bccd'
        ? { format: 'voc', path: folder, train: 'train', val: 'val', onProblem: 'drop' }
        : {
            format: 'coco',
            train: { annotations: join(folder, 'train.coco.json'), images: join(folder, 'train', 'images') },
            val: { annotations: join(folder, 'valid.coco.json'), images: join(folder, 'valid', 'images') },
            onProblem: 'drop',
            cache: true,
          },
    backbone: { name: 'resnet18' },
    weights: { file: join(shared, 'data', 'imagenet', 'resnet18-c4.safetensors') },
    detector: { kind: detector, inputSize: [size, size], stages: ['C3', 'C4'], headDepth: 2 },
    space: { genotypes: ['1', '2', '3'], groups: 8, stages: ['C3', 'C4'] },
    search: { steps: searchSteps, recipe: 'quick', ...fitting },
    train: { steps, recipe: 'from-classifier', ...fitting },
  };
}
