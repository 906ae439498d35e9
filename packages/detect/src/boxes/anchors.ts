import { check, type TensorData, tensorData } from '@nats/graph';

/** Anchor boxes of one feature map. */
export interface AnchorLevel {
  /** Side of a square anchor of the same area, in pixels; one set of aspect ratios for each. */
  readonly sizes: readonly number[];
  /** Height over width. */
  readonly aspectRatios: readonly number[];
}

/** The anchor boxes of all feature maps of an input. */
export interface Anchors {
  /** float32 `[A, 4]`, x1, y1, x2, y2 in pixels of the input; levels one after another, rows, columns, then shapes. */
  readonly boxes: TensorData;
  /** Number of anchors of each level. */
  readonly counts: readonly number[];
}

/** RetinaNet's: three sizes per octave and three ratios (Lin et al. 2017, section 4). torchvision truncates to whole pixels. */
export function retinanetAnchorLevels(baseSizes: readonly number[] = [32, 64, 128, 256, 512]): AnchorLevel[] {
  return baseSizes.map((size) => ({
    sizes: [size, Math.trunc(size * 2 ** (1 / 3)), Math.trunc(size * 2 ** (2 / 3))],
    aspectRatios: [0.5, 1, 2],
  }));
}

/** Rounds halves to even, as torch.round: torchvision rounds anchors around the origin. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The anchors of a level around the origin, as torchvision's generate_anchors: ratios outermost, sizes innermost. */
function cellAnchors({ sizes, aspectRatios }: AnchorLevel): number[][] {
  return aspectRatios.flatMap((ratio) =>
    sizes.map((size) => {
      // float32, as the reference: halves fall on the same side.
      const heightRatio = Math.fround(Math.sqrt(Math.fround(ratio)));
      const widthRatio = Math.fround(1 / heightRatio);
      const [w, h] = [Math.fround(widthRatio * size), Math.fround(heightRatio * size)];
      return [-w / 2, -h / 2, w / 2, h / 2].map(roundHalfToEven);
    }),
  );
}

/**
 * Anchors of all levels, centered on the top left corner of each cell (torchvision's AnchorGenerator).
 * @param inputSize `[height, width]` of the images in pixels
 * @param grids `[rows, columns]` of each feature map, finest first
 */
export function generateAnchors(
  inputSize: readonly [number, number],
  grids: readonly (readonly [number, number])[],
  levels: readonly AnchorLevel[],
): Anchors {
  check(grids.length === levels.length, 'attribute', () => ({
    rule: 'every feature map has an anchor level',
    received: `${grids.length} feature maps and ${levels.length} anchor levels`,
  }));
  const values: number[] = [];
  const counts: number[] = [];
  for (const [level, [rows, columns]] of grids.entries()) {
    const cells = cellAnchors(levels[level]!);
    const [strideY, strideX] = [Math.floor(inputSize[0] / rows), Math.floor(inputSize[1] / columns)];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [column * strideX, row * strideY];
        for (const [x1, y1, x2, y2] of cells) values.push(x + x1!, y + y1!, x + x2!, y + y2!);
      }
    }
    counts.push(rows * columns * cells.length);
  }
  return { boxes: tensorData('float32', [values.length / 4, 4], values), counts };
}

/**
 * One square per location: FCOS's points. Centered on the cell's corner as in torchvision, or on its middle.
 * @param strides side of each level's squares, in pixels. Locations stand floor(input / cells) apart, which is less where
 *   the stride does not divide the input; the side stays the stride (torchvision).
 */
export function generatePoints(
  inputSize: readonly [number, number],
  grids: readonly (readonly [number, number])[],
  strides: readonly number[],
  pointsAt: 'topLeft' | 'center' = 'topLeft',
): Anchors {
  check(grids.length === strides.length, 'attribute', () => ({
    rule: 'every feature map has a stride',
    received: `${grids.length} feature maps and ${strides.length} strides`,
  }));
  const values: number[] = [];
  const counts: number[] = [];
  const shift = pointsAt === 'center' ? 0.5 : 0;
  for (const [level, [rows, columns]] of grids.entries()) {
    const [height, width] = [Math.floor(inputSize[0] / rows), Math.floor(inputSize[1] / columns)];
    const half = strides[level]! / 2;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [x, y] = [(column + shift) * width, (row + shift) * height];
        values.push(x - half, y - half, x + half, y + half);
      }
    }
    counts.push(rows * columns);
  }
  return { boxes: tensorData('float32', [values.length / 4, 4], values), counts };
}
