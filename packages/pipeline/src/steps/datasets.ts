import { type Dataset, loadMnist, mnistDetection, readCoco, readVoc, readYolo, selectRecords } from '@nats/detect';
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

/**
 * Annotated images for training and for evaluation; images are not opened.
 * @param masks whether images that are made by a function have masks; files have what they have
 * @throws NatsError naming file and field of what is malformed; UsageError if both have different classes; IO errors pass
 */
export async function readDatasets(settings: DataSettings, masks = false): Promise<Datasets> {
  const train = await readSplit(settings, 'train', masks);
  const val = settings.val === undefined ? undefined : await readSplit(settings, 'val', masks);
  if (!val) return divided(train, 'split' in settings ? settings.split : 0);
  if (train.classes.join('\n') !== val.classes.join('\n')) {
    throw new UsageError(
      `images for training and for evaluation have the same classes; received ${train.classes.join(', ')} in ${train.name} and ${val.classes.join(', ')} in ${val.name}`,
    );
  }
  return { train, val };
}

async function readSplit(settings: DataSettings, split: 'train' | 'val', masks: boolean): Promise<Dataset> {
  switch (settings.format) {
    case 'coco': {
      const { annotations, images } = settings[split]!;
      return readCoco(expectFile(annotations), { images, onProblem: settings.onProblem });
    }
    case 'voc': {
      const { path, coordinates, onProblem } = settings;
      return readVoc(path, { split: settings[split]!, coordinates, onProblem });
    }
    case 'yolo':
      return readYolo(settings.path, { split: settings[split]!, onProblem: settings.onProblem });
    case 'mnist': {
      const digits = await loadMnist(split === 'train' ? 'train' : 'test');
      const { seed, imageSize, side, widening } = settings;
      const shape = { ...(side && { side }), ...(widening && { widening }) };
      return mnistDetection({ digits, size: settings[split], seed, imageSize, masks, ...shape });
    }
  }
}

function divided(dataset: Dataset, share: number): Datasets {
  const { length } = dataset.records;
  const order = Array.from({ length }, (_, i) => shuffled(length, SPLIT_SEED, i));
  const count = Math.round(share * length);
  if (count === 0 || count === length) {
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
  });
  return { train: part(`all but ${share}`, order.slice(count)), val: part(`${share}`, order.slice(0, count)) };
}
