import { cancel, isCancel, select, text } from '@clack/prompts';
import { DETECTOR_KINDS } from '@nats/detect';
import { BACKBONE_NAMES, Interrupted, SMALL } from '@nats/pipeline';
import { DATA_FORMATS, type DataFlags } from './data-flags.js';

/** What `nats init` asks for. */
type Answers = DataFlags & {
  readonly backbone?: string;
  readonly weights?: string;
  readonly detector?: string;
};

/** Asks for what flags did not say. Only on a terminal. @throws Interrupted if the user stops */
export async function askForConfig(known: Answers): Promise<Answers> {
  const format = await choice('In which format are the annotations?', DATA_FORMATS);
  const paths = await askForPaths(format);
  const backbone =
    known.backbone ??
    (await choice(
      'Which network is transformed?',
      BACKBONE_NAMES.filter((name) => name !== SMALL),
    ));
  const weights = known.weights ?? (await answer('Where are its pretrained weights? (empty: none)', false));
  const detector = known.detector ?? (await choice('Which detector is put on it?', DETECTOR_KINDS));
  return { format, ...paths, backbone, detector, ...(weights !== undefined && { weights }) };
}

async function askForPaths(format: (typeof DATA_FORMATS)[number]): Promise<DataFlags> {
  const optional = (key: keyof DataFlags, value: string | undefined): DataFlags =>
    value === undefined ? {} : { [key]: value };
  switch (format) {
    case 'coco':
      return {
        ...optional('train', await answer('Annotations of the training images (a JSON file)?')),
        ...optional('images', await answer('Folder of the images?')),
        ...optional('val', await answer('Annotations for evaluation? (empty: a fifth of the training images)', false)),
      };
    case 'voc':
      return {
        ...optional('data', await answer('Folder of Annotations, JPEGImages and ImageSets?')),
        ...optional('train', await answer('List of training images in ImageSets/Main? (empty: train)', false)),
        ...optional('val', await answer('List for evaluation? (empty: a fifth of the training images)', false)),
      };
    case 'yolo':
      return {
        ...optional('data', await answer('The YAML file?')),
        ...optional('val', await answer('Its key for evaluation, such as val? (empty: a fifth)', false)),
      };
    case 'mnist':
      return {};
  }
}

async function choice<T extends string>(message: string, names: readonly T[]): Promise<T> {
  const value = await select<string>({ message, options: names.map((name) => ({ value: name, label: name })) });
  return stoppedOr(value) as T;
}

async function answer(message: string, needed = true): Promise<string | undefined> {
  const value = await text({
    message,
    validate: (given) => (needed && (given ?? '').trim() === '' ? 'needed' : undefined),
  });
  const given = stoppedOr(value) as string | undefined;
  return given === undefined || given.trim() === '' ? undefined : given.trim();
}

function stoppedOr<T>(value: T): T {
  if (!isCancel(value)) return value;
  cancel('stopped; nothing was written');
  throw new Interrupted('stopped; nothing was written');
}
