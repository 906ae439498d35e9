import { type Overrides, UsageError } from '@nats/pipeline';
import { type Command, Option } from 'commander';

export const DATA_FORMATS = ['coco', 'voc', 'yolo', 'mnist'] as const;

/** Where annotated images are, said by flags. */
export interface DataFlags {
  readonly format?: (typeof DATA_FORMATS)[number];
  readonly data?: string;
  readonly train?: string;
  readonly val?: string;
  readonly images?: string;
  readonly valImages?: string;
}

export function addDataFlags(command: Command): Command {
  return command
    .addOption(new Option('--format <name>', 'of the annotations').choices(DATA_FORMATS))
    .option('--data <path>', 'voc: the folder of Annotations and JPEGImages; yolo: the YAML file or its folder')
    .option(
      '--train <name>',
      'coco: a file of annotations; voc: a list of ImageSets/Main; yolo: a key; mnist: a number',
    )
    .option('--val <name>', 'the same for evaluation (default: a fifth of the training images)')
    .option('--images <dir>', 'coco: the folder of the training images')
    .option('--val-images <dir>', 'coco: the folder of the images for evaluation (default: --images)');
}

/** The flags as they are typed. */
export function dataArguments({ format, data, train, val, images, valImages }: DataFlags): string[] {
  const flags = { format, data, train, val, images, 'val-images': valImages };
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

/** The section `data` as flags say it; empty without `--format`. @throws UsageError for flags that the format lacks */
export function dataOverrides(flags: DataFlags): Overrides {
  const { format, data, train, val, images, valImages } = flags;
  if (format === undefined) {
    const given = Object.entries({ data, train, val, images }).find(([, value]) => value !== undefined);
    if (given) throw new UsageError(`--${given[0]} needs --format: ${DATA_FORMATS.join(', ')}`);
    return {};
  }
  const need = (name: string, value: string | undefined) => {
    if (value === undefined) throw new UsageError(`--format ${format} needs --${name}`);
    return value;
  };
  switch (format) {
    case 'coco': {
      const folder = need('images', images);
      const evaluated = val === undefined ? undefined : { annotations: val, images: valImages ?? folder };
      return { data: { format, train: { annotations: need('train', train), images: folder }, val: evaluated } };
    }
    case 'voc':
    case 'yolo':
      return { data: { format, path: need('data', data), train, val } };
    case 'mnist': {
      const count = (text: string | undefined) => (text === undefined ? undefined : Number(text));
      return { data: { format, train: count(train), val: count(val) } };
    }
  }
}
