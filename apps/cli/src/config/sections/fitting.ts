import { z } from 'zod';
import { positive, share, whole } from './fields.js';

/** What every kind of training has: how long, on how much, with which rates. */
export function fitting(defaults: { readonly steps: number; readonly batch: number; readonly clipNorm?: number }) {
  return {
    steps: whole().default(defaults.steps).describe('updates of the weights'),
    batch: whole().default(defaults.batch).describe('images in a step'),
    optimizer: z
      .enum(['adamw', 'sgd'])
      .default('adamw')
      .describe('of the weights; sgd is what ImageNet-scale recipes use'),
    rate: positive().default(2e-3).describe('highest learning rate (tuned on MNIST-detection with adamw; sgd: 0.01)'),
    schedule: z
      .enum(['cosine', 'steps', 'constant'])
      .default('cosine')
      .describe(
        "to 0 along a cosine, or a tenth after 2/3 and 8/9 of the steps (torchvision's detection recipe), or none",
      ),
    warmUp: whole(0)
      .optional()
      .describe('steps in which the rate rises from a thousandth; default a tenth of the steps, at most 100'),
    weightDecay: z.number().min(0).default(1e-3).describe('tuned on MNIST-detection'),
    momentum: share().default(0.9).describe('sgd alone (torchvision)'),
    clipNorm: positive()
      .nullable()
      .default(defaults.clipNorm ?? null)
      .describe('largest norm of all gradients together; null: none'),
    checkpointEvery: whole().default(100).describe('steps between checkpoints; there is one at every interruption too'),
  };
}

const freeze = z
  .strictObject({
    stages: z
      .int()
      .min(0)
      .max(5)
      .default(0)
      .describe("0 nothing, 1 the stem, 2 also layer1, … (detectron2's FREEZE_AT)"),
    norms: z.boolean().default(false).describe("batch norms of the backbone, as torchvision's FrozenBatchNorm2d"),
  })
  .prefault({})
  .describe('what of the backbone stays as it was pretrained');

const maxObjects = whole().default(100).describe('most objects in an image; more is an error');

export const trainSchema = z
  .strictObject({
    ...fitting({ steps: 1_000, batch: 16, clipNorm: 10 }),
    freeze,
    maxObjects,
    evaluateEvery: whole().optional().describe('steps between evaluations; default: one after the last step'),
  })
  .prefault({})
  .describe('how a detector is trained');

export const searchSchema = z
  .strictObject({
    ...fitting({ steps: 1_000, batch: 16, clipNorm: 10 }),
    freeze,
    maxObjects,
    relaxation: z
      .enum(['exact', 'sampled'])
      .default('exact')
      .describe('weighted sum over all dilations (the paper), or one drawn dilation a step (GDAS): cheaper, biased'),
    form: z
      .enum(['auto', 'sum', 'dense'])
      .default('auto')
      .describe('of the exact one: the same numbers, auto is cheaper'),
    start: whole(0)
      .optional()
      .describe('first step in which the architecture moves; default 30 % of the steps (our choice)'),
    every: whole().default(1).describe('the architecture moves in every n-th step (FNA: 1)'),
    architectureRate: positive().default(0.1).describe('learning rate of the architecture (our choice)'),
  })
  .prefault({})
  .describe('how dilations are searched');

export const pretrainSchema = z
  .strictObject({
    ...fitting({ steps: 1_200, batch: 64 }),
    data: z
      .discriminatedUnion('format', [
        z.strictObject({
          format: z.literal('mnist').describe('one handwritten digit on a texture'),
          images: whole().default(10_000),
          seed: whole(0).optional().describe("of what is on the images; default the run's"),
        }),
        z.strictObject({
          format: z.literal('cifar10').describe("CIFAR-10's binary version"),
          train: z.array(z.string()).min(1).describe('data_batch_1.bin and so on'),
          test: z.array(z.string()).min(1).optional(),
        }),
        z.strictObject({
          format: z.literal('folder').describe('one folder of images for each class'),
          train: z.string(),
          test: z.string().optional(),
          size: whole().default(64).describe('side in pixels that images are resized to'),
        }),
      ])
      .prefault({ format: 'mnist' })
      .describe('labelled images'),
  })
  .prefault({})
  .describe('how a backbone is trained as a classifier, where there are no weights');

export type FittingSettings = Omit<z.output<typeof trainSchema>, 'freeze' | 'evaluateEvery' | 'maxObjects'>;
export type TrainSettings = z.output<typeof trainSchema>;
export type SearchSettings = z.output<typeof searchSchema>;
export type PretrainSettings = z.output<typeof pretrainSchema>;
