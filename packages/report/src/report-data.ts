/**
 * What a report shows, as plain data. Everything but the title may be missing; the report then leaves the part out and,
 * where a reader would miss it, says so. The first variant is the one that the others are compared with.
 */
export interface ReportData {
  readonly title: string;
  /** A paragraph under the title, in the caller's words. */
  readonly lead?: string;
  /** ISO 8601. */
  readonly created?: string;
  readonly tool?: { readonly name: string; readonly version: string };
  readonly variants?: readonly ReportVariant[];
  readonly dataset?: ReportDataset;
  readonly search?: ReportSearch;
  /** Trainings whose curves are shown: pretraining, and those of the variants. */
  readonly trainings?: readonly ReportTraining[];
  readonly samples?: readonly ReportSample[];
  /** Detections with lower scores were left out of the samples. */
  readonly sampleMinScore?: number;
  /** What made this report, in order. */
  readonly commands?: readonly ReportCommand[];
  /** Sentences that are added to those that follow from the data. */
  readonly caveats?: readonly string[];
  /** Machine, versions, threads: name and value. */
  readonly environment?: Readonly<Record<string, string | number>>;
}

/** A command that made a part of what the report shows. */
export interface ReportCommand {
  readonly command: string;
  readonly note?: string;
}

/** The data that variants were evaluated on. */
export interface ReportDataset {
  readonly name: string;
  readonly classes?: readonly string[];
  readonly trainingImages?: number;
  readonly testImages?: number;
  readonly testObjects?: number;
  /** Sides in pixels that part small, medium and large objects; default COCO's 32 and 96. */
  readonly sizeBounds?: readonly [number, number];
}

/** One of the compared models: original, transformed, … */
export interface ReportVariant {
  readonly name: string;
  readonly description?: string;
  /** One for each seed. */
  readonly evaluations?: readonly ReportEvaluation[];
  readonly parameters?: number;
  /** Multiply-adds for one image. */
  readonly macs?: number;
  /** Size of the exported file. */
  readonly bytes?: number;
  readonly latency?: ReportLatency;
  readonly scheme?: ReportScheme;
  /** Effective receptive fields, by depth. */
  readonly fields?: readonly ReportField[];
}

/** COCO's numbers of boxes, or of masks. */
export interface ReportNumbers {
  /** COCO's twelve numbers, 0 to 1, in pycocotools' order; -1 where there are no objects. */
  readonly stats: readonly number[];
  /** AP of each class in the order of `dataset.classes`, 0 to 1; -1 without objects. */
  readonly perCategory?: readonly number[];
}

/** Numbers of boxes, and of masks from a detector that gives them. */
export interface ReportEvaluation extends ReportNumbers {
  readonly seed?: number;
  readonly masks?: ReportNumbers;
}

/** Of the exported file, for one run of it. */
export interface ReportLatency {
  /** Median. */
  readonly milliseconds: number;
  /** A range that holds most runs, for example the 10th and 90th percentile. */
  readonly low?: number;
  readonly high?: number;
  readonly runs?: number;
  readonly batch?: number;
}

/** Dilations of a variant, by convolution. */
export interface ReportScheme {
  /** The scheme file, offered for download. */
  readonly json?: string;
  /** `[vertical, horizontal]` dilations. */
  readonly genotypes: readonly (readonly [number, number])[];
  /** The chosen convolutions by depth; `counts` has the channels of each genotype, in their order. */
  readonly layers: readonly { readonly name: string; readonly counts: readonly number[] }[];
}

/** Effective receptive field of one stage (Luo et al. 2016). */
export interface ReportField {
  readonly stage: string;
  readonly height: number;
  readonly width: number;
  /** Row by row, largest value 1. */
  readonly map: ArrayLike<number>;
  /** Standard deviation in pixels, vertical and horizontal. */
  readonly deviation?: readonly [number, number];
  /** Side of a square of as many pixels as matter, in pixels. */
  readonly side?: number;
}

/** The course of a search. */
export interface ReportSearch {
  readonly seed?: number;
  /** First step in which the architecture moved. */
  readonly start?: number;
  readonly genotypes?: readonly (readonly [number, number])[];
  /** Steps with the losses on both halves of the data, and the architecture's entropy: 1 undecided, 0 decided. */
  readonly points?: readonly SearchPoint[];
  /** Mean probability of each genotype, by convolution in the order of depth. */
  readonly intensities?: readonly {
    readonly step: number;
    readonly layers: readonly { readonly name: string; readonly shares: readonly number[] }[];
  }[];
}

/** One step of a search. */
export interface SearchPoint {
  readonly step: number;
  readonly weightsLoss?: number;
  readonly architectureLoss?: number;
  readonly entropy?: number;
}

/** The course of a training. */
export interface ReportTraining {
  readonly name: string;
  /** Name of the variant that it trained. */
  readonly variant?: string;
  readonly seed?: number;
  readonly points: readonly { readonly step: number; readonly loss: number; readonly learningRate?: number }[];
  readonly evaluations?: readonly {
    readonly step: number;
    readonly split: string;
    readonly metrics: Readonly<Record<string, number>>;
  }[];
}

/** One image with boxes to be drawn, or with pictures that have them. */
export type ReportSample = BoxedSample | DrawnSample;

/** A validation image on which the report draws true boxes and those of each variant. */
export interface BoxedSample {
  readonly name: string;
  /** Bytes of a PNG or JPEG file. */
  readonly image: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly truth?: readonly ReportBox[];
  /** By variant, in the order of the variants. */
  readonly detections?: readonly { readonly variant: string; readonly boxes: readonly ReportBox[] }[];
}

/** Pictures that are shown as they are. */
export interface DrawnSample {
  readonly name: string;
  /** Bytes of PNG or JPEG files that already show boxes. */
  readonly pictures: readonly { readonly title: string; readonly image: Uint8Array; readonly description?: string }[];
}

/** An object or a detection in an image. */
export interface ReportBox {
  /** x1, y1, x2, y2 in pixels of the image. */
  readonly box: readonly [number, number, number, number];
  /** Name of the class. */
  readonly label: string;
  /** 0 to 1. */
  readonly score?: number;
}
