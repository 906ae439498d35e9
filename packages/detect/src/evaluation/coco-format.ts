import type { CocoBox, CocoSegmentation } from '../masks/coco-mask.js';

/** An image of a COCO ground truth, in COCO's field names. */
export interface CocoImage {
  readonly id: number;
  readonly file_name?: string;
  /** Needed to evaluate masks. */
  readonly width?: number;
  readonly height?: number;
}

/** A category of a COCO ground truth, in COCO's field names. */
export interface CocoCategory {
  readonly id: number;
  readonly name?: string;
}

/** One object of a COCO ground truth, in COCO's field names. */
export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: CocoBox;
  /** Of the object's mask in COCO; decides in which size range it counts. */
  readonly area: number;
  /** 1: a crowd, in which any number of detections may lie. Default 0. */
  readonly iscrowd?: 0 | 1;
  /** Needed to evaluate masks. */
  readonly segmentation?: CocoSegmentation;
}

/** Ground truth in the format of COCO's `instances_*.json`. */
export interface CocoGroundTruth {
  readonly images: readonly CocoImage[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly CocoCategory[];
}

/**
 * One detection in the format of COCO's result files. As in pycocotools, the first of a list speaks for all: if it has a
 * box, each must have one, and sizes are those of boxes; else each must have a mask, and sizes are those of masks.
 */
export interface CocoDetection {
  readonly image_id: number;
  readonly category_id: number;
  readonly score: number;
  readonly bbox?: CocoBox;
  readonly segmentation?: CocoSegmentation;
}

/** Detections by their position: a list, or anything that makes them when they are asked for. */
export interface DetectionList {
  readonly length: number;
  at(index: number): CocoDetection | undefined;
}

/** What is compared: boxes or masks. */
export type IouType = 'bbox' | 'segm';
