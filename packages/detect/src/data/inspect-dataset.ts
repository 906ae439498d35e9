import type { AnchorLevel } from '../boxes/anchors.js';
import { append } from './append.js';
import { checkImages, type ImageCheckOptions } from './check-images.js';
import { type Dataset, type DatasetRecord, sourceName } from './dataset.js';
import type { DecodeOptions } from './decode-image.js';
import { duplicateImages } from './duplicate-images.js';
import { anchorFit, type BoxSize, type FittedAnchors, fitAnchorLevels, fitAnchors } from './fit-anchors.js';
import { type CanvasSize, letterbox } from './placement.js';
import { checkedBox, type DataProblem, isError } from './problems.js';

/** What `inspectDataset` looks at. */
export interface InspectOptions extends Pick<ImageCheckOptions, 'known' | 'onProgress' | 'signal'> {
  /** Which images are looked at: `decode` (default) all of them whole, `header` their sizes only, `none`. */
  readonly images?: 'decode' | 'header' | 'none';
  readonly decode?: DecodeOptions;
  /** Number of fitted anchors, and levels of the pyramid for which they are proposed; default 9 and 5. */
  readonly anchors?: { readonly count?: number; readonly levels?: number };
  /** Height and width that training letterboxes images to: anchors are fitted to boxes as they are there. */
  readonly canvas?: CanvasSize;
}

/** Smallest, largest, and values that 5, 50 and 95 % of all do not exceed. */
export interface Spread {
  readonly min: number;
  readonly p5: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Numbers of objects and images of one class. */
export interface ClassStatistics {
  readonly name: string;
  readonly objects: number;
  /** Images with at least one object of the class. */
  readonly images: number;
}

/** What `inspectDataset` found: counts, sizes, problems, anchors. */
export interface DatasetReport {
  readonly name: string;
  readonly images: number;
  readonly objects: number;
  readonly crowds: number;
  readonly imagesWithoutObjects: number;
  /** Of them, in formats with one file of labels each, those that have no such file, not even an empty one. */
  readonly imagesWithoutLabelFile?: number;
  /** Most objects in an image: places that a padded batch needs. */
  readonly mostObjects: number;
  /** Everything that breaks a rule: what the reader found, and what is found here. */
  readonly problems: readonly DataProblem[];
  readonly classes: readonly ClassStatistics[];
  /** Objects by area, in square pixels of the original images, in COCO's ranges: up to 32², up to 96², larger. */
  readonly sizes: { readonly small: number; readonly medium: number; readonly large: number };
  /** In pixels of the original images; none without objects. */
  readonly boxWidth?: Spread;
  readonly boxHeight?: Spread;
  /** Height over width. */
  readonly aspectRatio?: Spread;
  readonly imageWidth?: Spread;
  readonly imageHeight?: Spread;
  /** A proposal; none without objects. */
  readonly anchors?: AnchorProposal;
}

/** Anchors that fit a dataset's boxes, and how well (`inspectDataset`). */
export interface AnchorProposal {
  /** Free shapes. */
  readonly fitted: FittedAnchors;
  /** Sizes and ratios, as `generateAnchors` takes them. */
  readonly levels: readonly AnchorLevel[];
  /** Of the boxes with `levels`: mean IoU with the best shape, and share of boxes where that is at least 0.5. */
  readonly meanIou: number;
  readonly recall: number;
}

/** Lists everything that is wrong with a dataset, and says what is in it. IO errors other than missing files pass. */
export async function inspectDataset(dataset: Dataset, options: InspectOptions = {}): Promise<DatasetReport> {
  const { images = 'decode', canvas, anchors: { count = 9, levels = 5 } = {} } = options;
  const { records, classes } = dataset;
  const counts = classes.map(() => ({ objects: 0, images: 0 }));
  for (const record of records) {
    for (const { label } of record.objects) if (counts[label]) counts[label].objects++;
    for (const label of new Set(record.objects.map((object) => object.label)))
      if (counts[label]) counts[label].images++;
  }
  const objects = records.flatMap((record) => record.objects);
  const widths = objects.map(({ box }) => box[2] - box[0]);
  const heights = objects.map(({ box }) => box[3] - box[1]);
  const problems = [...dataset.problems, ...recordProblems(dataset)];
  if (images !== 'none') {
    append(problems, await checkImages(dataset, { ...options, how: images }));
    append(problems, await duplicateImages(dataset));
  }
  const boxSizes = records.flatMap((record) => boxSizesOf(record, canvas));
  const levelsFit = fitAnchorLevels(boxSizes, { levels });
  return {
    name: dataset.name,
    images: records.length,
    objects: objects.length,
    crowds: objects.filter(({ crowd }) => crowd).length,
    imagesWithoutObjects: records.filter((record) => record.objects.length === 0).length,
    ...(dataset.unlabeled !== undefined && { imagesWithoutLabelFile: dataset.unlabeled }),
    mostObjects: records.reduce((most, record) => Math.max(most, record.objects.length), 0),
    problems,
    classes: classes.map((name, label) => ({ name, ...counts[label]! })),
    sizes: sizeCounts(objects.map(({ area }, i) => area ?? widths[i]! * heights[i]!)),
    ...(objects.length > 0 && {
      boxWidth: spreadOf(widths),
      boxHeight: spreadOf(heights),
      aspectRatio: spreadOf(widths.map((width, i) => heights[i]! / width)),
    }),
    ...(records.length > 0 && {
      imageWidth: spreadOf(records.map(({ width }) => width)),
      imageHeight: spreadOf(records.map(({ height }) => height)),
    }),
    ...(boxSizes.length > 0 && {
      anchors: { fitted: fitAnchors(boxSizes, count), levels: levelsFit, ...anchorFit(boxSizes, levelsFit) },
    }),
  };
}

/** What is wrong with records, without opening their images: for datasets that no reader of this package made. */
function recordProblems({ name, records, classes, problems: known }: Dataset): DataProblem[] {
  const problems: DataProblem[] = [];
  if (records.length === 0 && !known.some(isError)) {
    const rule = 'a dataset has images';
    problems.push({ kind: 'image', file: name, field: '', rule, received: 'none', remedy: 'none' });
  }
  const boxes = records.flatMap(({ objects }) => objects.map(({ box }) => box));
  if (boxes.length > 0 && boxes.every(([, , right, bottom]) => right <= 1 && bottom <= 1)) {
    const rule = 'boxes are in pixels: all of these lie within the first one, as shares of the image would';
    const received = `[${boxes[0]!.join(', ')}]`;
    problems.push({ kind: 'box', file: name, field: '', rule, received, remedy: 'none', severity: 'warning' });
  }
  const ids = new Set<string>();
  for (const record of records) {
    const where = { image: record.id, file: sourceName(record), remedy: 'none' as const };
    if (ids.has(record.id)) {
      const rule = 'ids of images are different';
      problems.push({ ...where, kind: 'duplicate', field: 'id', rule, received: record.id });
    }
    ids.add(record.id);
    const seen = new Set<string>();
    for (const [k, { box, label, crowd }] of record.objects.entries()) {
      const key = `${label} ${crowd} ${box}`;
      if (seen.has(key)) {
        const rule = 'an object is annotated once: class and box are those of another of the image';
        const received = `[${box.join(', ')}]`;
        problems.push({ ...where, kind: 'duplicate', field: `objects[${k}]`, rule, received, severity: 'warning' });
      }
      seen.add(key);
      const { problem } = checkedBox(box, record);
      if (problem) problems.push({ ...where, ...problem, field: `objects[${k}].box`, remedy: 'none' });
      if (classes[label] === undefined) {
        const rule = `a label is a number from 0 to ${classes.length - 1}`;
        problems.push({ ...where, kind: 'reference', field: `objects[${k}].label`, rule, received: String(label) });
      }
    }
  }
  return problems;
}

function boxSizesOf(record: DatasetRecord, canvas: CanvasSize | undefined): BoxSize[] {
  const { scaleX, scaleY } = canvas ? letterbox(record, canvas) : { scaleX: 1, scaleY: 1 };
  return record.objects
    .filter(({ crowd, box }) => !crowd && box[2] > box[0] && box[3] > box[1])
    .map(({ box: [x1, y1, x2, y2] }): BoxSize => [(x2 - x1) * scaleX, (y2 - y1) * scaleY]);
}

function sizeCounts(areas: readonly number[]) {
  const small = areas.filter((area) => area <= 32 ** 2).length;
  const large = areas.filter((area) => area > 96 ** 2).length;
  return { small, medium: areas.length - small - large, large };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { min: sorted[0]!, p5: at(0.05), median: at(0.5), p95: at(0.95), max: sorted.at(-1)! };
}
