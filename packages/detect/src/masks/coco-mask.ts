/** `[x, y, width, height]` in pixels, as in COCO's files. */
export type CocoBox = readonly [number, number, number, number];

/** A mask as lengths of runs, column by column, the first of background; a list, or compressed to a string. */
export interface CocoMask {
  /** Height, width in pixels. */
  readonly size: readonly [number, number];
  readonly counts: string | readonly number[];
}

/** A mask, or polygons `[x, y, x, y, …]` in pixels that are united. */
export type CocoSegmentation = readonly (readonly number[])[] | CocoMask;
