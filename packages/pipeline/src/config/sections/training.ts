import { DETECTION_RECIPES, type RecipeName } from '@nats/detect';
import { FREEZE_POINTS, STAGE_NAMES } from '@nats/space';
import { z } from 'zod';
import { ascending, positive, share, whole } from './fields.js';

/** What every kind of training has: how long, and on how much at a time. */
function extent(defaults: { readonly steps: number; readonly batchSize: number }) {
  return {
    steps: whole().default(defaults.steps).describe('updates of the weights'),
    batchSize: whole().default(defaults.batchSize).describe('images in a step'),
    checkpointEvery: whole().default(100).describe('steps between checkpoints; there is one at every interruption too'),
  };
}

/** Optimizer and schedule, one by one. */
const custom = {
  optimizer: z.enum(['adamw', 'sgd']).default('adamw').describe('of the weights'),
  learningRate: positive().default(2e-3).describe('highest learning rate (tuned on MNIST-detection with adamw)'),
  schedule: z
    .enum(['cosine', 'steps', 'constant'])
    .default('cosine')
    .describe("to 0 along a cosine, or a tenth after epochs 16 and 22 of 26 (torchvision's detection recipe), or none"),
  warmUp: whole(0)
    .optional()
    .describe('steps in which the learning rate rises from a thousandth; default a tenth of the steps, at most 100'),
  weightDecay: z.number().min(0).default(1e-3).describe('tuned on MNIST-detection'),
  momentum: share().default(0.9).describe('sgd alone (torchvision)'),
  clipNorm: positive().nullable().default(null).describe('largest norm of all gradients together; null: none'),
};

const freeze = z
  .strictObject({
    upTo: z
      .enum(FREEZE_POINTS)
      .describe(
        "the last part of the backbone that stays: the stem, or a stage with all before it (detectron2's FREEZE_AT 2 is C2)",
      ),
    norms: z.boolean().describe("batch norms of the backbone, as torchvision's FrozenBatchNorm2d"),
  })
  .optional()
  .describe("what of the backbone stays as it was pretrained; default: the recipe's");

/** How a detector is fitted. */
function recipe(usual: RecipeName) {
  return {
    recipe: z
      .enum(Object.keys(DETECTION_RECIPES) as [RecipeName, ...RecipeName[]])
      .default(usual)
      .describe(
        "fine-tune: large pretrained backbones, torchvision's reference; from-classifier: small ones, all of it fitted; quick: the same without averages",
      ),
    learningRate: positive().optional().describe("highest learning rate; default: the recipe's"),
    backboneLearningRateScale: z
      .number()
      .min(0)
      .optional()
      .describe("factor on it for the backbone; 0 keeps the backbone's weights; default: the recipe's"),
    freeze,
    custom: z
      .strictObject(custom)
      .omit({ learningRate: true })
      .optional()
      .describe('instead of the recipe: optimizer and schedule, one by one'),
  };
}

const augment = z
  .strictObject({
    flip: share().optional().describe('probability of mirroring left and right; default 0.5, and 0 for digits'),
    scale: ascending().optional().describe('size relative to the letterbox, at least and at most, such as 0.5 and 1.5'),
    crop: z
      .strictObject({
        scale: ascending().optional(),
        aspectRatio: ascending().optional(),
        overlaps: z.array(share()).optional(),
      })
      .optional()
      .describe("parts of images around objects (SSD's); {} for its own numbers"),
    color: z
      .strictObject({ brightness: share().optional(), contrast: share().optional(), saturation: share().optional() })
      .optional()
      .describe('random changes, such as 0.2 each'),
    mosaic: z
      .strictObject({ probability: share().optional(), scale: ascending().optional() })
      .optional()
      .describe('four images in one (YOLOv4); {} for half of the images'),
  })
  .prefault({})
  .describe('what happens to training images');

const maxObjects = whole().optional().describe('slots for objects in an image; default: what the annotations need');

export const trainSchema = z
  .strictObject({
    ...extent({ steps: 1_000, batchSize: 16 }),
    ...recipe('from-classifier'),
    augment,
    maxObjects,
    evaluateEvery: whole().optional().describe('steps between evaluations; default: one after the last step'),
  })
  .prefault({})
  .describe('how a detector is trained');

export const searchSchema = z
  .strictObject({
    ...extent({ steps: 1_000, batchSize: 16 }),
    ...recipe('quick'),
    augment,
    maxObjects,
    relaxation: z
      .enum(['exact', 'sampled', 'partial-channels'])
      .default('exact')
      .describe(
        'weighted sum over all dilations (the paper), or one drawn dilation a step: cheaper; or the sum in some channels of each group alone (PC-DARTS)',
      ),
    form: z
      .enum(['auto', 'sum', 'dense'])
      .default('auto')
      .describe('of the exact one: the same numbers, auto is cheaper'),
    estimator: z
      .enum(['gdas', 'straight-through', 'reinmax'])
      .default('gdas')
      .describe(
        "of the sampled one's gradient: through the drawn dilation alone (GDAS), or from the first-order effect of all dilations on some images of a batch",
      ),
    images: whole()
      .optional()
      .describe('of a batch on which all dilations are weighed; default an eighth of it; not for gdas'),
    strips: whole()
      .optional()
      .describe(
        'instead of some images: all dilations are weighed on one of so many strips of rows of every image; not for gdas',
      ),
    exactStages: z
      .array(z.enum(STAGE_NAMES))
      .min(1)
      .optional()
      .describe('stages that the sampled relaxation leaves to the exact one, such as ["C5"]; default none'),
    mixedOutOf: whole()
      .optional()
      .describe('partial-channels: one of so many channels of each group is mixed; default 4 (PC-DARTS)'),
    start: whole(0)
      .optional()
      .describe('first step in which the architecture moves; default 30 % of the steps (our choice)'),
    every: whole().default(1).describe('the architecture moves in every n-th step (FNA: 1)'),
    order: z
      .literal([1, 2])
      .optional()
      .describe(
        "2: the architecture's gradient at the weights that one step would lead to (DARTS, equations 6 to 8), four times the work; default 1",
      ),
    architectureLearningRate: positive().default(0.1).describe('learning rate of the architecture (our choice)'),
    architectureWeightDecay: z
      .number()
      .min(0)
      .optional()
      .describe('L2 regularization of the architecture; default none, FNA has 1e-3'),
    architectureClipNorm: positive().optional().describe("largest norm of the architecture's gradient; default: none"),
    entropy: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe(
        "weight of the architecture's entropy (1 undecided, 0 decided) in its loss, in the first and in the last step; positive sharpens; default none",
      ),
    latencyWeight: positive()
      .optional()
      .describe(
        "weight of what the architecture is expected to add to the latency (0.1: a tenth of the original's) in its loss, by the table in decode.latency; default none",
      ),
    temperature: z
      .tuple([positive(), positive()])
      .optional()
      .describe('of the sampled relaxation, in the first and in the last step; default 1 and 0.1 (our choice)'),
    singleLevel: z
      .boolean()
      .optional()
      .describe('weights and architecture on the same images, all of them; default: each on a half of its own'),
    reportEvery: whole()
      .optional()
      .describe('steps between the probabilities that metrics.jsonl keeps; default: a fiftieth of the steps'),
  })
  .superRefine(({ start, steps }, context) => {
    if (start === undefined || start < steps || steps < 1) return;
    context.addIssue({
      code: 'custom',
      path: ['start'],
      message: `the architecture moves in none of the ${steps} steps`,
    });
  })
  .superRefine(({ relaxation, estimator, images, strips, exactStages, mixedOutOf }, context) => {
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (estimator !== 'gdas' && relaxation !== 'sampled') {
      refuse('estimator', "is the sampled relaxation's: set search.relaxation to sampled, or leave it out");
    }
    for (const [key, value] of Object.entries({ images, strips })) {
      if (value !== undefined && (relaxation !== 'sampled' || estimator === 'gdas')) {
        refuse(key, 'are for the estimators straight-through and reinmax of the sampled relaxation');
      }
    }
    if (images !== undefined && strips !== undefined) {
      refuse(
        'strips',
        'stand for search.images: dilations are weighed on some images, or on strips of all; leave one out',
      );
    }
    if (exactStages && relaxation !== 'sampled') {
      refuse('exactStages', "are the sampled relaxation's: set search.relaxation to sampled, or leave them out");
    }
    if (mixedOutOf !== undefined && relaxation !== 'partial-channels') {
      refuse('mixedOutOf', "is partial channels': set search.relaxation to partial-channels, or leave it out");
    }
  })
  .prefault({})
  .describe('how dilations are searched');

export const pretrainSchema = z
  .strictObject({
    ...extent({ steps: 1_200, batchSize: 64 }),
    ...custom,
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
      .describe('labeled images'),
  })
  .prefault({})
  .describe('how a backbone is trained as a classifier, where there are no weights');

const customSchema = z.strictObject(custom);

/** Optimizer and schedule with the number of steps. */
export type CustomSettings = z.output<typeof customSchema> & { readonly steps: number };
export type TrainSettings = z.output<typeof trainSchema>;
export type SearchSettings = z.output<typeof searchSchema>;
