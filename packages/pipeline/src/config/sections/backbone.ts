import { isResnetName, BACKBONE_NAMES as NAMED } from '@nats/space';
import { RULE_SETS, type RuleSetName } from '@nats/transfer/parse';
import { z } from 'zod';
import { nearest } from '../nearest.js';
import { pixels, whole } from './fields.js';

/** The `backbone.name` of a ResNet of one's own widths. */
export const SMALL = 'small-resnet';
export const DEMO = 'demo-resnet';
/** What `backbone.name` may be. */
export const BACKBONE_NAMES = [...NAMED, DEMO, SMALL] as const;

const widths = z.array(whole()).min(1).max(4);

export const backboneSchema = z
  .strictObject({
    name: z
      .enum(BACKBONE_NAMES)
      .describe(`as in torchvision; resnet20 to resnet110 are for CIFAR; '${SMALL}' has the widths that you name`),
    inputChannels: whole().optional().describe('1 for gray images; default 3, and 1 for demo-resnet'),
    outputStride: whole()
      .optional()
      .describe("stride of the last feature map, kept by dilation (torchvision's replace_stride_with_dilation)"),
    stemStride: whole()
      .optional()
      .describe('stride of the first convolution; 2 instead of 1 makes CIFAR ResNets four times as fast (our choice)'),
    shortcut: z
      .enum(['projection', 'padding'])
      .optional()
      .describe('where a shape changes; default projection, and padding for the CIFAR ones (He et al. 2016)'),
    strideIn: z
      .enum(['3x3', '1x1'])
      .optional()
      .describe(
        "which convolution of a bottleneck has the stride; default 3x3, as torchvision; 1x1 as Caffe's weights",
      ),
    widths: widths.optional().describe(`${SMALL}: channels of each stage`),
    blocks: z.array(whole()).min(1).max(4).optional().describe(`${SMALL}: blocks of each stage; default 1`),
    strides: z.array(whole()).min(1).max(4).optional().describe(`${SMALL}: stride of each stage; default 1, 2, 2, 2`),
    pixels: z
      .union([z.enum(['imagenet', 'cifar10']), pixels()])
      .optional()
      .describe(
        "how pixels in 0 to 1 are normalized: by ImageNet's or CIFAR-10's mean and deviation, or by those given; default: the backbone's (ImageNet's)",
      ),
  })
  .superRefine((backbone, context) => {
    const own = ['widths', 'blocks', 'strides'] as const;
    if (backbone.name === SMALL) {
      if (backbone.widths) return;
      context.addIssue({ code: 'custom', path: ['widths'], message: `${SMALL} needs the widths of its stages` });
    } else {
      for (const key of own) {
        if (backbone[key] === undefined) continue;
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `only ${SMALL} takes it; '${backbone.name}' is fixed`,
        });
      }
    }
    if (backbone.name === SMALL || backbone.name === DEMO || isResnetName(backbone.name)) return;
    for (const key of ['outputStride', 'stemStride', 'shortcut', 'strideIn'] as const) {
      if (backbone[key] === undefined) continue;
      context.addIssue({ code: 'custom', path: [key], message: `only ResNets take it; '${backbone.name}' is none` });
    }
  })
  .describe('the network that is transformed');

export type BackboneSettings = z.output<typeof backboneSchema>;

const RULE_SET_NAMES = ['auto', ...Object.keys(RULE_SETS)] as ['auto', ...RuleSetName[]];

const ruleSetSchema = z.enum(RULE_SET_NAMES);
const patterns = () => z.array(z.string());

const ownRulesSchema = z.strictObject({
  set: ruleSetSchema.optional().describe('the set that follows the own rules; default auto'),
  rename: z
    .record(z.string(), z.string())
    .optional()
    .describe('pattern (RE2) to replacement, in order, on the names of the file: { "^module\\.encoder_q\\.": "" }'),
  drop: patterns().optional().describe('patterns of names of the file that are left out'),
  optional: patterns()
    .optional()
    .describe("patterns of the network's names (as torchvision's) that may be missing or of another shape"),
});

/** What is wrong with rules that are neither; the issues of a union say nothing. */
function rulesProblem(input: unknown): string {
  if (typeof input === 'string') {
    const meant = nearest(input, RULE_SET_NAMES);
    return `there is ${RULE_SET_NAMES.join(', ')}${meant === undefined ? '' : `; did you mean '${meant}'?`}`;
  }
  const [issue] = ownRulesSchema.safeParse(input).error?.issues ?? [];
  const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return `the name of a rule set, or { set, rename, drop, optional }; ${where}${issue?.message}`;
}

export const weightsSchema = z
  .strictObject({
    file: z
      .string()
      .optional()
      .describe(
        'first weights: a file, the directory of a run of nats pretrain or of nats search (all weights of its supernet), or a name that is downloaded: torchvision:resnet50, timm:resnet50.a1_in1k, hf:owner/repo[/file][@revision], https://…; default: none',
      ),
    scope: z
      .enum(['auto', 'backbone', 'detector'])
      .optional()
      .describe('what is taken of a file that holds a whole detector; default auto: all that fits, heads included'),
    rules: z
      .union([ruleSetSchema, ownRulesSchema], { error: ({ input }) => rulesProblem(input) })
      .default('auto')
      .describe('whose names the file has; auto takes the set, and the place in the file, that finds most'),
    select: z.string().optional().describe('key of the weights in a file that holds several, such as model_ema'),
    placeholders: z
      .array(z.string())
      .optional()
      .describe('further Python names that may lie beside the weights of a pickle; nothing is made of them'),
    mirror: z
      .string()
      .optional()
      .describe("where torchvision's files are instead of https://download.pytorch.org/models"),
  })
  .prefault({})
  .describe('where the first weights come from');

export type WeightSettings = z.output<typeof weightsSchema>;
