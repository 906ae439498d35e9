import type { PixelStatistics } from '@nats/space';

/** What a detector's file takes. */
export interface DetectorInput {
  readonly name: string;
  /**
   * `model`: uint8 images of any size go in, as they are decoded; the file letterboxes and normalizes them.
   * `caller`: float32 `[N, C, H, W]` of `size`, letterboxed and normalized, goes in.
   */
  readonly preprocessing: 'model' | 'caller';
  readonly dtype: 'uint8' | 'float32';
  /** Of at least one image: onnxruntime ends its process for a batch of none. */
  readonly layout: 'NCHW' | 'NHWC';
  /** 3 is RGB, 1 is gray. */
  readonly channels: number;
  /** `[height, width]` in pixels of what the network sees, its canvas. */
  readonly size: readonly [number, number];
  /**
   * How an image comes onto the canvas: bilinear with half-pixel centers and without antialiasing, to the largest size of
   * the same shape that fits (sides max(1, floor(side * scale + 0.5))), at the top left; the rest has this brightness.
   */
  readonly letterbox: { readonly padValue: number };
  readonly statistics: PixelStatistics;
}

/** What a detector's file gives. */
export interface DetectorOutput {
  /**
   * `detections`: `detections` float32 `[N, K, 6]`, rows of x1, y1, x2, y2, score, label in falling order of score, and
   * `valid` bool `[N, K]`; rows that are not valid are five zeros and -1.
   * `candidates`: `boxes` float32 `[N, K, 4]`, `scores` float32 `[N, K]`, `labels` int32 `[N, K]` before suppression.
   */
  readonly kind: 'detections' | 'candidates';
  /** K. */
  readonly count: number;
  /**
   * Whose pixels boxes are in: the original image's, cut at its border unless there are masks (detections of a file that
   * letterboxes), or the canvas's. Candidates are on the canvas also where the file letterboxes: they are suppressed there, then brought back.
   */
  readonly pixels: 'image' | 'canvas';
  /**
   * There is one more output, `masks` float32 `[N, K, side, side]`: how likely each part of the box, row by row, belongs to the
   * object; zeros for rows that are not valid. A mask fills its box, so boxes are not cut at the image's border: `pasteMask` of
   * @nats/detect puts masks into the image, and what lies outside is cut afterwards.
   */
  readonly masks?: { readonly side: number };
}

/** What becomes a detection. Applied in a file that gives detections; meant for the caller of one that gives candidates. */
export interface DetectionThresholds {
  /** Scores up to it are dropped; default 0.05. */
  readonly scoreThreshold: number;
  /** A box is dropped if it overlaps a better one of its class by more; default 0.5. */
  readonly iouThreshold: number;
  /** How many detections of an image are kept, at most; default 100, as COCO counts them. */
  readonly maxDetections: number;
}

/** Everything that is needed to detect with a file. */
export interface DetectorConvention {
  /** Names by label. */
  readonly classes: readonly string[];
  readonly input: DetectorInput;
  readonly output: DetectorOutput;
  readonly thresholds: DetectionThresholds;
  /** Of weights and activations, inputs and outputs aside; none for float32. */
  readonly precision?: 'float16';
  /** Program and version that wrote the file. */
  readonly tool: string;
  /** The dilations of a transformed backbone, as the JSON text of @nats/space; none for an original one. */
  readonly scheme?: string;
}

export const DEFAULT_THRESHOLDS: DetectionThresholds = { scoreThreshold: 0.05, iouThreshold: 0.5, maxDetections: 100 };
/** Brightness of what no image covers: what @nats/detect's loader uses. */
export const DEFAULT_PAD_VALUE = 114;
