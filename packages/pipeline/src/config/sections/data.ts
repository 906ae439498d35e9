import { z } from 'zod';
import { ascending, share, whole } from './fields.js';

const common = {
  split: share()
    .default(0.2)
    .describe("share of the training images that are put aside for evaluation where there is no 'val' (our choice)"),
  onProblem: z
    .enum(['error', 'drop'])
    .default('error')
    .describe('what broken annotations do: stop, or are left out (nats inspect data lists them)'),
  orientation: z
    .enum(['apply', 'ignore'])
    .default('apply')
    .describe(
      "whether images are turned as their EXIF data say, as viewers show them; 'ignore': boxes were drawn on the stored pixels",
    ),
  allowOutside: z
    .boolean()
    .default(false)
    .describe("whether annotations may name files outside of the dataset's folder"),
  checkImages: z
    .enum(['decode', 'header', 'none'])
    .default('decode')
    .describe('how images are looked at before the first step; what is known of an unchanged file is not asked again'),
  cache: z.boolean().default(false).describe('keep decoded images in memory; changes no result'),
  workers: whole(0)
    .optional()
    .describe('threads that decode and augment; default one less than processors, 1 to 4; changes no result'),
};

const cocoFiles = z.strictObject({
  annotations: z.string().describe("a file in the format of COCO's instances_*.json"),
  images: z.string().describe("folder that the file's names start from"),
});

const coco = z.strictObject({
  format: z.literal('coco'),
  train: cocoFiles,
  val: cocoFiles.optional(),
  ...common,
});

const voc = z.strictObject({
  format: z.literal('voc'),
  path: z.string().describe('folder of Annotations, JPEGImages and ImageSets/Main'),
  train: z.string().default('train').describe('a list in ImageSets/Main'),
  val: z.string().optional().describe('a list in ImageSets/Main, such as val'),
  coordinates: z
    .enum(['corners', 'pixels'])
    .default('corners')
    .describe("edges between pixels from 0, as today's tools write, or first and last pixel from 1, as the challenges"),
  background: z
    .boolean()
    .default(false)
    .describe('whether an image whose annotation is missing or an empty file is one without objects'),
  ...common,
});

const yolo = z.strictObject({
  format: z.literal('yolo'),
  path: z.string().describe('the YAML file, or the folder of its data.yaml'),
  train: z.string().default('train').describe('a key of the YAML file'),
  val: z.string().optional().describe('a key of the YAML file; default val, if the file has it'),
  ...common,
});

const mnist = z.strictObject({
  format: z
    .literal('mnist')
    .describe('handwritten digits on textures, made when needed: what the demonstration detects'),
  train: whole(2).default(10_000).describe('number of training images, of digits of the training half'),
  val: whole().default(1_500).describe('number of images for evaluation, of digits of the test half'),
  seed: whole(0).default(1).describe('of what is on the images'),
  imageSize: whole(32).default(128).describe('side of the square images in pixels'),
  side: ascending().optional().describe('longer side of a digit in pixels, at least and at most; default 16 and 112'),
  widening: ascending().optional().describe('digits are widened by a factor in this range; default: none is'),
});

export const dataSchema = z
  .discriminatedUnion('format', [coco, voc, yolo, mnist])
  .describe('annotated images; paths start from the folder of the config file');

/**
 * Without what changes no result, and without paths, which say where things are, not what they are: what the files hold is in
 * the datasets' fingerprints. A run may be continued with others.
 */
export function decisiveData(data: DataSettings | undefined) {
  if (!data || data.format === 'mnist') return data;
  const { cache: _cache, workers: _workers, checkImages: _checkImages, ...decisive } = data;
  if (decisive.format === 'coco') return { ...decisive, train: undefined, val: undefined };
  return { ...decisive, path: undefined };
}

export type DataSettings = z.output<typeof dataSchema>;
