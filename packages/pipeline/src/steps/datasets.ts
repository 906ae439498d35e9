import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  type Dataset,
  loadMnist,
  mnistDetection,
  plainSegmentation,
  readCoco,
  readVoc,
  readYolo,
  selectRecords,
  yoloSplits,
} from '@nats/detect';
import { shuffled } from '@nats/train';
import type { DataSettings } from '../config/sections/data.js';
import { expectFile } from '../files/expect-file.js';
import { UsageError } from '../usage-error.js';

export interface Datasets {
  readonly train: Dataset;
  /** For evaluations. */
  readonly val: Dataset;
}

/** The same images are put aside whatever the seed of a training, so that seeds can be compared. */
const SPLIT_SEED = 0;

export interface ReadOptions {
  /** Whether the detector gives masks: then objects need them; else nobody looks at them. */
  readonly masks?: boolean;
  /** For inspection: a split that is too small to be divided is no error, all of it is for training. */
  readonly lenient?: boolean;
}

/**
 * Annotated images for training and for evaluation; `checkedDatasets` opens the images.
 * @throws NatsError naming file and field of what is malformed; UsageError if both have different classes; IO errors pass
 */
export async function readDatasets(settings: DataSettings, options: ReadOptions = {}): Promise<Datasets> {
  const train = await readSplit(settings, 'train', options);
  const hasOwn = settings.val !== undefined || (settings.format === 'yolo' && (await hasVal(settings)));
  const val = hasOwn ? await readSplit(settings, 'val', options) : undefined;
  if (!val) return divided(train, 'split' in settings ? settings.split : 0, options.lenient ?? false);
  if (train.classes.join('\n') !== val.classes.join('\n')) {
    throw new UsageError(
      `images for training and for evaluation have the same classes; received ${train.classes.join(', ')} in ${train.name} and ${val.classes.join(', ')} in ${val.name}`,
    );
  }
  return { train, val };
}

/** Whether a YOLO dataset names images for evaluation itself. */
async function hasVal({ path, train }: Extract<DataSettings, { format: 'yolo' }>): Promise<boolean> {
  return train === 'train' && (await yoloSplits(path)).includes('val');
}

async function readSplit(
  settings: DataSettings,
  split: 'train' | 'val',
  { masks = false }: ReadOptions,
): Promise<Dataset> {
  switch (settings.format) {
    case 'coco': {
      const { annotations, images } = settings[split]!;
      const { onProblem, orientation, allowOutside } = settings;
      const policy = masks ? 'require' : 'ignore';
      return readCoco(expectFile(annotations), { images, onProblem, orientation, allowOutside, masks: policy });
    }
    case 'voc': {
      const { path, coordinates, onProblem, orientation, background } = settings;
      const list = settings[split]!;
      const name = `${basename(path)}/${list}`;
      return readVoc(path, { split: list, name, coordinates, onProblem, orientation, background });
    }
    case 'yolo': {
      const { path, onProblem, orientation, allowOutside } = settings;
      const key = settings[split] ?? split;
      const name = `${basename(path)}/${key}`;
      return readYolo(path, { split: key, name, onProblem, orientation, allowOutside });
    }
    case 'mnist': {
      const digits = await loadMnist(split === 'train' ? 'train' : 'test');
      const { seed, imageSize, side, widening } = settings;
      const shape = { ...(side && { side }), ...(widening && { widening }) };
      return mnistDetection({ digits, size: settings[split], seed, imageSize, masks, ...shape });
    }
  }
}

function divided(dataset: Dataset, share: number, lenient: boolean): Datasets {
  const { length } = dataset.records;
  const order = Array.from({ length }, (_, i) => shuffled(length, SPLIT_SEED, i));
  const count = Math.round(share * length);
  if (count === 0 || count === length) {
    if (lenient) return { train: dataset, val: { ...selectRecords(dataset, []), problems: [] } };
    throw new UsageError(
      `some of the ${length} images of ${dataset.name} are for training and some for evaluation; set data.val or data.split (${share} gives ${count})`,
    );
  }
  const part = (name: string, indices: number[]) => ({
    ...selectRecords(
      dataset,
      indices.sort((a, b) => a - b),
    ),
    name: `${dataset.name}/${name}`,
    // Of the whole, and listed once.
    problems: name.startsWith('all but') ? dataset.problems : [],
  });
  return { train: part(`all but ${share}`, order.slice(count)), val: part(`${share}`, order.slice(0, count)) };
}

/**
 * What a training learns from, as a hash: classes, sizes of images, and objects with their masks, in order. Not the pixels,
 * which are too many, and not where files are.
 */
export function fingerprint({ classes, records }: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const { width, height, objects } of records) {
    const plain = objects.map((object) =>
      object.segmentation ? { ...object, segmentation: plainSegmentation(object.segmentation) } : object,
    );
    hash.update(JSON.stringify([width, height, plain]));
  }
  return hash.digest('hex').slice(0, 32);
}
