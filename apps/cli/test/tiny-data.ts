import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng } from '@nats/detect';
import { hash32 } from '@nats/graph';

const CLASSES = ['bright', 'dark'] as const;
const [WIDTH, HEIGHT] = [48, 32];

interface TinyObject {
  readonly label: 0 | 1;
  /** x1, y1, x2, y2 in pixels. */
  readonly box: readonly [number, number, number, number];
}

/** A few pictures of bright and dark squares on noise, with their objects. */
function pictures(count: number): { name: string; pixels: Uint8Array; objects: TinyObject[] }[] {
  return Array.from({ length: count }, (_, i) => {
    // Noise, so that no two places have equal scores.
    const pixels = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, p) => 96 + (hash32(i, p) % 64));
    const objects = [0, 1].slice(0, 1 + (i % 2)).map((k): TinyObject => {
      const side = 8 + (hash32(i, 10 + k) % 10);
      const x = (hash32(i, 20 + k) % (WIDTH / 2 - side)) + (k * WIDTH) / 2;
      const y = hash32(i, 30 + k) % (HEIGHT - side);
      const label = ((i + k) % 2) as 0 | 1;
      for (let c = 0; c < 3; c++) {
        for (let row = y; row < y + side; row++) {
          const start = c * WIDTH * HEIGHT + row * WIDTH + x;
          for (let p = start; p < start + side; p++) pixels[p] = (label === 0 ? 220 : 10) + (pixels[p]! % 32);
        }
      }
      return { label, box: [x, y, x + side, y + side] };
    });
    return { name: `image${String(i).padStart(2, '0')}`, pixels, objects };
  });
}

export type TinyFormat = 'coco' | 'voc' | 'yolo';

/**
 * Writes 12 pictures for training and 4 for evaluation in one of three formats.
 * @returns the section `data` of a config
 */
export async function writeTinyData(folder: string, format: TinyFormat): Promise<Record<string, unknown>> {
  const all = pictures(16);
  const splits = { train: all.slice(0, 12), val: all.slice(12) };
  const put = (path: string, content: string | Uint8Array) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  for (const [split, images] of Object.entries(splits)) {
    for (const { name, pixels } of images) {
      const place = { coco: 'images', voc: 'JPEGImages', yolo: `images/${split}` }[format];
      put(`${place}/${name}.png`, await encodePng({ channels: 3, width: WIDTH, height: HEIGHT, pixels }));
    }
    if (format === 'coco') put(`${split}.json`, cocoText(images));
    if (format === 'voc') put(`ImageSets/Main/${split}.txt`, images.map(({ name }) => `${name}\n`).join(''));
    for (const image of images) {
      if (format === 'voc') put(`Annotations/${image.name}.xml`, vocText(image));
      if (format === 'yolo') put(`labels/${split}/${image.name}.txt`, yoloText(image));
    }
  }
  if (format === 'yolo') put('data.yaml', `names: [${CLASSES.join(', ')}]\ntrain: images/train\nval: images/val\n`);
  if (format !== 'coco') return { format, path: folder, train: 'train', val: 'val' };
  const files = (split: string) => ({ annotations: join(folder, `${split}.json`), images: join(folder, 'images') });
  return { format, train: files('train'), val: files('val') };
}

type Picture = ReturnType<typeof pictures>[number];

function cocoText(images: readonly Picture[]): string {
  return JSON.stringify({
    images: images.map(({ name }, i) => ({ id: i + 1, file_name: `${name}.png`, width: WIDTH, height: HEIGHT })),
    categories: CLASSES.map((name, i) => ({ id: i + 1, name })),
    annotations: images.flatMap(({ objects }, i) =>
      objects.map(({ label, box: [x1, y1, x2, y2] }, k) => ({
        id: 10 * i + k + 1,
        image_id: i + 1,
        category_id: label + 1,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: (x2 - x1) * (y2 - y1),
        segmentation: [[x1, y1, x2, y1, x2, y2, x1, y2]],
        iscrowd: 0,
      })),
    ),
  });
}

function vocText({ name, objects }: Picture): string {
  const items = objects.map(
    ({ label, box: [x1, y1, x2, y2] }) =>
      `<object><name>${CLASSES[label]}</name><bndbox><xmin>${x1}</xmin><ymin>${y1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax></bndbox></object>`,
  );
  return `<annotation><filename>${name}.png</filename><size><width>${WIDTH}</width><height>${HEIGHT}</height></size>${items.join('')}</annotation>`;
}

function yoloText({ objects }: Picture): string {
  return objects
    .map(({ label, box: [x1, y1, x2, y2] }) =>
      [label, (x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT, (x2 - x1) / WIDTH, (y2 - y1) / HEIGHT].join(' '),
    )
    .join('\n');
}

/** A config of a network so small that a step takes milliseconds. */
export function tinyConfig(data: unknown, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const fitting = { batchSize: 4, learningRate: 0.01, checkpointEvery: 2 };
  return {
    seed: 5,
    engine: { threads: 1 },
    data,
    backbone: { name: 'small-resnet', widths: [8, 8], strides: [1, 2] },
    detector: {
      kind: 'fcos',
      inputSize: [32, 32],
      channels: 8,
      stages: ['C2', 'C3'],
      extra: 'none',
      headDepth: 1,
      headNorm: { kind: 'batch' },
      quality: 'iou',
      candidatesPerLevel: 40,
    },
    space: { genotypes: ['1', '2'], groups: 2 },
    search: { ...fitting, steps: 4, start: 1 },
    train: { ...fitting, checkpointEvery: 10, steps: 30 },
    evaluate: { batchSize: 4, sizes: [10, 14] },
    // Of nearly equal scores suppression may keep either.
    export: { verifyImages: 4, unmatched: 0.2 },
    ...changes,
  };
}

/** Settings of a detector of two stages for `tinyConfig`. */
export const tinyTwoStage = {
  inputSize: [32, 32],
  channels: 8,
  stages: ['C2', 'C3'],
  extra: 'none',
  anchors: [
    { sizes: [6], aspectRatios: [1] },
    { sizes: [12], aspectRatios: [1] },
  ],
  rpnNorm: { kind: 'batch' },
  rpnSamples: 32,
  trainingProposals: 30,
  proposals: 20,
  boxSamples: 16,
  boundaries: [9],
  representationSize: 16,
  maxCandidates: 40,
} as const;
