import type { CocoSegmentation } from '../masks/coco-mask.js';
import type { PackedPolygons } from '../masks/packed-polygons.js';
import type { Box } from './box.js';
import type { DecodedImage } from './decoded-image.js';
import type { DataProblem } from './problems.js';

/** One annotated object. */
export interface DatasetObject {
  readonly box: Box;
  /** Number of its class in the dataset's `classes`. */
  readonly label: number;
  /** A group that nobody counted: no training target, and detections in it count neither way. Default false. */
  readonly crowd?: boolean;
  /** Hard to recognize (Pascal VOC): a training target, left out of VOC's evaluation. Default false. */
  readonly difficult?: boolean;
  /** Of the object's mask in square pixels: COCO's size ranges go by it. Default: the box's. */
  readonly area?: number;
  /** Of large files polygons are packed: `plainSegmentation` gives what the file has. */
  readonly segmentation?: CocoSegmentation | PackedPolygons;
  /** Annotation id 0 in COCO's file: evaluations count the object as missed, as pycocotools does. */
  readonly zeroId?: true;
}

/** A file, decoded when it is needed, or a function that gives the pixels (of generated images, say). */
export type ImageSource = { readonly file: string } | { readonly load: () => DecodedImage | Promise<DecodedImage> };

/** One image and what is known of it without decoding. */
export interface DatasetRecord {
  /** Different from every other of the dataset; names the image in messages and results. */
  readonly id: string;
  readonly source: ImageSource;
  /** In pixels, after the file's EXIF orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** May be empty. */
  readonly objects: readonly DatasetObject[];
}

/** Annotated images, decoded when they are needed. */
export interface Dataset {
  readonly name: string;
  /** Names of the classes. */
  readonly classes: readonly string[];
  readonly records: readonly DatasetRecord[];
  /** What the reader left out or changed. */
  readonly problems: readonly DataProblem[];
  /** The file's own number of each class, for results in COCO's format; default 1, 2, …. */
  readonly categoryIds?: readonly number[];
  /** Images of a format with one file of labels each that have none, not even an empty one. */
  readonly unlabeled?: number;
}

/** Some records of a dataset, in the given order. */
export function selectRecords(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  return { ...dataset, records: Array.from(indices, (index) => dataset.records[index]!) };
}

/** Where an image comes from, for messages: its file, or its id. */
export function sourceName({ id, source }: Pick<DatasetRecord, 'id' | 'source'>): string {
  return 'file' in source ? source.file : id;
}
