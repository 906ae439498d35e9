import { checkGenotypes, DEFAULT_SPACE, formatGenotype, POSITIONS, parseGenotype, STAGE_NAMES } from '@nats/space';
import { z } from 'zod';
import { refusal } from '../config-errors.js';
import { whole } from './fields.js';

const GENOTYPE = /^\d{1,3}(x\d{1,3})?$/;

/** Numbers that are no dilations, and dilations that are there twice. */
function refuseGenotypes(texts: readonly string[], context: z.RefinementCtx): void {
  // The pattern has told of what is no genotype at all.
  if (!texts.every((text) => GENOTYPE.test(text))) return;
  const wrong = texts.map((text) => refusal(() => parseGenotype(text)));
  for (const [i, message] of wrong.entries()) {
    if (message !== undefined) context.addIssue({ code: 'custom', path: [i], message });
  }
  // The schema has told of an empty list.
  if (texts.length === 0 || wrong.some((message) => message !== undefined)) return;
  const message = refusal(() => checkGenotypes(texts.map(parseGenotype)));
  if (message !== undefined) context.addIssue({ code: 'custom', message });
}

export const spaceSchema = z
  .strictObject({
    genotypes: z
      .array(z.string().regex(GENOTYPE, "a dilation, '2', or vertical times horizontal, '1x2'"))
      .min(1)
      .superRefine(refuseGenotypes)
      .default(DEFAULT_SPACE.genotypes.map(formatGenotype))
      .describe('dilations to choose from; default: all pairs of 1 to 3 (our choice: the paper does not list its own)'),
    groups: whole()
      .optional()
      .describe(
        `parts of each convolution's output channels that choose together; default ${DEFAULT_SPACE.division.maxGroups}, or as many fewer as divide a convolution's channels (our choice)`,
      ),
    channelsPerGroup: whole().optional().describe("instead of 'groups': channels that choose together"),
    stages: z.array(z.enum(STAGE_NAMES)).min(1).optional().describe('only convolutions of these stages; default: all'),
    positions: z
      .array(z.enum(POSITIONS))
      .min(1)
      .optional()
      .describe(
        "only these of a block: a basic block's first or second, a bottleneck's or an inverted residual's center; default: all",
      ),
    strided: z.boolean().default(true).describe('also convolutions of stride 2 (our choice)'),
  })
  .superRefine((space, context) => {
    if (space.groups === undefined || space.channelsPerGroup === undefined) return;
    context.addIssue({ code: 'custom', path: ['channelsPerGroup'], message: "either 'groups' or 'channelsPerGroup'" });
  })
  .prefault({})
  .describe('which dilations of which convolutions are searched');

export const decodeSchema = z
  .strictObject({
    method: z
      .enum(['proportional', 'assignment', 'argmax'])
      .default('argmax')
      .describe(
        "shares of channels in runs (the paper), the same shares where groups prefer them, or each group's best",
      ),
    sharpening: z.number().positive().default(1).describe('exponent of the probabilities before they are counted'),
    dropBelowUniform: z.boolean().default(false).describe('leave out dilations that are less probable than chance'),
    margin: z
      .number()
      .positive()
      .default(1)
      .describe(
        'how many times as probable as (1,1) a dilation must be to replace it: above 1 only clear evidence dilates (our choice)',
      ),
    multiple: whole().default(1).describe('round counts of channels to multiples; not for argmax'),
    maxLatency: z
      .number()
      .min(1)
      .optional()
      .describe(
        "most latency of the scheme, as a part of the original's: 1.05 is a twentieth more, 1 allows nothing that costs time; by argmax, with a table in 'latency'",
      ),
    latency: z.string().optional().describe('a table of nats latency, measured where the detector will run'),
  })
  .superRefine(({ method, sharpening, dropBelowUniform, maxLatency, latency }, context) => {
    if (maxLatency === undefined) return;
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (latency === undefined) refuse('maxLatency', "needs a table in 'latency': nats latency measures one");
    if (method !== 'argmax') refuse('method', 'a latency budget limits what the groups choose: argmax');
    if (sharpening !== 1) refuse('sharpening', 'changes nothing that a latency budget limits: leave it out');
    if (dropBelowUniform) refuse('dropBelowUniform', 'is about proportional counts: leave it out with maxLatency');
  })
  .superRefine(({ method, multiple }, context) => {
    if (method !== 'argmax' || multiple === 1) return;
    const message = 'argmax decides by channel group, and rounds no counts: choose another method, or other groups';
    context.addIssue({ code: 'custom', path: ['multiple'], message });
  })
  .prefault({})
  .describe('how probabilities become a scheme');
