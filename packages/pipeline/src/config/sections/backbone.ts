import { isResnetName, BACKBONE_NAMES as NAMED } from '@nats/space';
import { z } from 'zod';
import { pixels, whole } from './fields.js';

export const SMALL = 'small-resnet';
export const DEMO = 'demo-resnet';
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

export const weightsSchema = z
  .strictObject({
    file: z
      .string()
      .optional()
      .describe(
        'pretrained weights of the backbone: a file, or the directory of a run of nats pretrain; default: none',
      ),
    rules: z
      .enum([
        'auto',
        'none',
        'torchvision',
        'timm',
        'cifar-resnet',
        'timm-regnet',
        'pycls-regnet',
        'timm-mobilenetv2',
        'detectron2',
        'detectron2-rgb',
        'caffe2',
        'caffe2-rgb',
      ])
      .default('auto')
      .describe('whose names the file has; auto takes the set that finds most'),
    select: z.string().optional().describe('key of the weights in a file that holds several, such as model_ema'),
  })
  .prefault({})
  .describe('where the first weights come from');

export type WeightSettings = z.output<typeof weightsSchema>;
