import { detectorSchema } from '@nats/detect';
import { z } from 'zod';
import { backboneSchema, weightsSchema } from './sections/backbone.js';
import { dataSchema } from './sections/data.js';
import { engineSchema } from './sections/engine.js';
import { whole } from './sections/fields.js';
import { evaluateSchema, exportSchema } from './sections/outcome.js';
import { decodeSchema, spaceSchema } from './sections/space.js';
import { pretrainSchema, searchSchema, trainSchema } from './sections/training.js';

/** The name of a config file that is found without being named. */
export const CONFIG_FILE = 'nats.config.json';
/** Name of the JSON schema beside a config, for editors. */
export const SCHEMA_FILE = 'nats.schema.json';

/** Everything that can be said about a run. The defaults are here and nowhere else. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('the JSON schema that editors check this file by'),
    seed: whole(0).default(0).describe('of initial values, of the order of images and of sampled dilations'),
    engine: engineSchema,
    data: dataSchema.optional(),
    backbone: backboneSchema.prefault({ name: 'resnet18' }),
    weights: weightsSchema,
    detector: detectorSchema,
    space: spaceSchema,
    pretrain: pretrainSchema,
    search: searchSchema,
    decode: decodeSchema,
    train: trainSchema,
    evaluate: evaluateSchema,
    export: exportSchema,
  })
  .superRefine(({ search, decode }, context) => {
    if (search.latencyWeight === undefined || decode.latency !== undefined) return;
    const message = 'needs a table in decode.latency: nats latency measures one';
    context.addIssue({ code: 'custom', path: ['search', 'latencyWeight'], message });
  })
  .describe('Settings of the command nats');

/** A config with all defaults filled in. */
export type Config = z.output<typeof configSchema>;

/** What a config file says. */
export type ConfigInput = z.input<typeof configSchema>;

/** The JSON schema of a config file, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
