/** A decoded image. */
export interface DecodedImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** uint8 `[C, H, W]`, 0 to 255. Not to be written. */
  readonly pixels: Uint8Array;
}
