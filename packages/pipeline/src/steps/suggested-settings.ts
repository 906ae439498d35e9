import { BACKBONE_NAMES, isResnetName } from '@nats/space';
import type { Overrides } from '../config/overrides.js';
import type { Config } from '../config/schema.js';
import { readDatasets } from './datasets.js';

/** Times that a training looks at every image: half of torchvision's 26 epochs for detectors (our choice). */
const EPOCHS = 13;
/** As many steps as show what a setting is worth, and as COCO's usual schedule has. */
const STEPS = { least: 400, most: 90_000 };

/**
 * Settings that fit a dataset and a backbone, for a config that is new: batch and steps by the number of training images; for a
 * backbone with ImageNet weights, rates that keep what was pretrained: those of the photographs in docs/notes/photographs.md.
 * @returns overrides; without those for the number of images if the dataset can't be read
 */
export async function suggestedSettings({ data, backbone }: Pick<Config, 'data' | 'backbone'>): Promise<Overrides> {
  const images =
    data &&
    (await readDatasets(data, { lenient: true }).then(
      ({ train }) => train.records.length,
      () => undefined,
    ));
  return { ...(images !== undefined && scheduleFor(images)), ...(isFromImagenet(backbone.name) && PHOTOGRAPHS) };
}

/** @param images of the training split */
export function scheduleFor(images: number): Overrides {
  const batchSize = images < 2000 ? 8 : 16;
  const wanted = Math.round((EPOCHS * images) / batchSize / 100) * 100;
  const steps = Math.min(STEPS.most, Math.max(STEPS.least, wanted));
  return { 'train.steps': steps, 'train.batchSize': batchSize, 'search.steps': steps, 'search.batchSize': batchSize };
}

/** AdamW at a fifth of the rate for small classifiers, half of it for the backbone, stem and C2 as they are. */
const PHOTOGRAPHS: Overrides = Object.fromEntries(
  ['search', 'train'].flatMap((step) => [
    [`${step}.learningRate`, 4e-4],
    [`${step}.backboneLearningRateScale`, 0.5],
    [`${step}.freeze`, { upTo: 'C2', norms: false }],
  ]),
);

/** CIFAR's ResNets, the demo's and one's own have weights of small pictures, if any. */
function isFromImagenet(name: string): boolean {
  const isSmall = isResnetName(name) && /^resnet(20|32|44|56|110)$/.test(name);
  return (BACKBONE_NAMES as readonly string[]).includes(name) && !isSmall;
}
