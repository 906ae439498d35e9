import { z } from 'zod';
import { whole } from '../config/sections/fields.js';

/** What is done for each variant and seed, in this order. */
export const SWEEP_STEPS = ['pretrain', 'search', 'train', 'evaluate', 'latency'] as const;
export type SweepStep = (typeof SWEEP_STEPS)[number];

const steps = z.array(z.enum(SWEEP_STEPS)).min(1);

/** A variant's name is that of files. */
const name = z.string().regex(/^\w[\w.-]*$/, 'letters, digits, dots, hyphens and underscores');

const seedOrEach = (what: string) =>
  whole(0).optional().describe(`seed of one ${what} for all seeds, instead of one for each`);

/** A scheme that is written down, not found. What it does not dilate stays as it is. */
const patternSchema = z
  .strictObject({
    pattern: z
      .enum(['uniform', 'cyclic', 'random'])
      .describe('one dilation, dilations in turn channel by channel, or those of the search in a random order'),
    genotypes: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("of the space's: uniform has one; cyclic's in turn, default all; random takes the search's"),
  })
  .superRefine(({ pattern, genotypes }, context) => {
    const message =
      pattern === 'uniform' && genotypes?.length !== 1
        ? "uniform has one dilation, such as ['2']"
        : pattern === 'random' && genotypes
          ? 'random has the dilations of the search'
          : undefined;
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['genotypes'], message });
  });
export type SchemePattern = z.output<typeof patternSchema>;

const slurmSchema = z
  .strictObject({
    partition: z.string().optional(),
    account: z.string().optional(),
    qos: z.string().optional(),
    time: z
      .string()
      .optional()
      .describe("of each task, as sbatch's --time; a task that needs longer goes on by itself"),
    cpusPerTask: whole().optional().describe('engine.threads of the config should be as many'),
    memory: z.string().optional().describe("as sbatch's --mem, such as 16G"),
    gpus: whole().optional(),
    tasks: whole().optional().describe('processes of one training; with launch'),
    launch: z
      .string()
      .default('')
      .describe("what starts these processes, such as 'srun --mpi=pmix --kill-on-bad-exit=1'"),
    atOnce: whole().optional().describe('tasks of an array that run at the same time'),
    warning: whole().default(60).describe('seconds before the time limit at which a task saves and is requeued'),
    environment: z.record(z.string(), z.string()).default({}).describe('variables of the tasks'),
    setup: z.array(z.string()).default([]).describe("shell lines before a task, such as 'module load openmpi'"),
    options: z.array(z.string()).default([]).describe("further options of sbatch, such as '--constraint=icelake'"),
  })
  .prefault({})
  .describe('how nats sweep run --slurm asks for resources');

export const sweepSchema = z
  .strictObject({
    $schema: z.string().optional().describe('the JSON schema that editors check this file by'),
    out: z.string().optional().describe("folder of all runs; default: the file's name without its ending, beside it"),
    config: z
      .union([z.string(), z.record(z.string(), z.unknown())])
      .default('nats.config.json')
      .describe('the base config: a file, or its content'),
    seeds: z
      .array(whole(0))
      .min(1)
      .refine((seeds) => new Set(seeds).size === seeds.length, 'different numbers')
      .default([0])
      .describe('seed of the config: every variant is made with each'),
    pretrainSeed: seedOrEach('pretraining'),
    searchSeed: seedOrEach('search'),
    set: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('settings of all variants over the base config, by key'),
    steps: steps.default(['search', 'train', 'evaluate']).describe('what is done for each variant and seed'),
    baseline: z
      .union([z.string(), z.array(z.string()).min(1)])
      .optional()
      .describe('variant that the others are compared with, or several; default: the first'),
    variants: z
      .record(
        name,
        z.strictObject({
          set: z
            .record(z.string(), z.unknown())
            .default({})
            .describe('settings over the base config by key, such as "train.steps": 100'),
          searchSeed: whole(0).optional().describe("instead of the sweep's"),
          steps: steps.optional().describe("default: the sweep's; without search the original is trained, or scheme"),
          scheme: z
            .union([z.string(), patternSchema])
            .optional()
            .describe('instead of what a search found: a scheme.json, a run of nats search, or a pattern'),
        }),
        {
          error: 'an object with at least one variant by name, such as {"original": {"steps": ["train", "evaluate"]}}',
        },
      )
      .refine((variants) => Object.keys(variants).length > 0, 'at least one variant')
      // Where a file system makes no difference between them they would share their runs.
      .refine(
        (variants) =>
          new Set(Object.keys(variants).map((one) => one.toLowerCase())).size === Object.keys(variants).length,
        'names that differ in more than capitals',
      ),
    slurm: slurmSchema,
  })
  .describe('A sweep of the command nats: variants by seeds');

export type SlurmSettings = z.output<typeof slurmSchema>;

/** The JSON schema of a sweep file, for editors. */
export function sweepJsonSchema(): unknown {
  return z.toJSONSchema(sweepSchema, { io: 'input' });
}
