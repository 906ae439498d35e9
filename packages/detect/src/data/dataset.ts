import type { ObjectMask } from './object-mask.js';
import type { Placement } from './placement.js';

/** A decoded image. */
export interface DecodedImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** uint8 `[C, H, W]`, 0 to 255. Not to be written. */
  readonly pixels: Uint8Array;
}

/** A decoded image and the objects in it. */
export interface DetectionSample extends DecodedImage {
  /** x1, y1, x2, y2 of each object in pixels, right and bottom side exclusive: x2 - x1 is the width. */
  readonly boxes: Float32Array;
  /** Number of the class of each object. */
  readonly labels: Int32Array;
  /** Mask of each object, for detectors that give masks. */
  readonly masks?: readonly ObjectMask[];
}

/** One image with its objects, decoded, in the size that a detector takes. */
export interface DetectionExample extends DetectionSample {
  /** Names the image in messages and results. */
  readonly id: string;
  /** Where the original image lies in this one; none if they are the same. */
  readonly placement?: Placement;
}

/** Images with boxes, read or made when asked for. */
export interface DetectionDataset {
  readonly name: string;
  readonly classes: readonly string[];
  readonly size: number;
  example(index: number): DetectionExample | Promise<DetectionExample>;
}

/** Keeps examples once they were made: for sets that fit into memory. */
export function cached(dataset: DetectionDataset): DetectionDataset {
  const known = new Map<number, DetectionExample | Promise<DetectionExample>>();
  return {
    ...dataset,
    example: (index) => {
      const example = known.get(index) ?? dataset.example(index);
      known.set(index, example);
      return example;
    },
  };
}

/** Some examples of a dataset, in the given order. */
export function detectionSubset(dataset: DetectionDataset, indices: ArrayLike<number>): DetectionDataset {
  return { ...dataset, size: indices.length, example: (index) => dataset.example(indices[index]!) };
}
