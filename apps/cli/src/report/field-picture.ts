import { encodePng } from '@nats/detect';
import { check } from '@nats/graph';
import type { ReportField } from './report-data.js';

/** Stops of magma (van der Walt and Smith), from nothing to the largest value. */
const MAGMA = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
] as const;

/** Larger maps are averaged: a page has eight of them and more. */
const LARGEST_SIDE = 112;

export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

/**
 * A receptive field as numbers 0 to 1, at most 112 on a side.
 * @throws NatsError `shape` if the map is not of its size
 */
export function fieldGrid({ stage, height, width, map }: ReportField): Grid {
  check(height > 0 && width > 0 && map.length === height * width, 'shape', () => ({
    rule: 'the map of a receptive field has height times width values',
    received: `${map.length} for ${height} x ${width}`,
    where: stage,
  }));
  const each = Math.ceil(Math.max(height, width) / LARGEST_SIDE);
  const [rows, columns] = [Math.ceil(height / each), Math.ceil(width / each)];
  const values = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = Math.floor(y / each) * columns + Math.floor(x / each);
      const value = map[y * width + x]!;
      values[to]! += Number.isFinite(value) ? value : 0;
      counts[to]!++;
    }
  }
  return { height: rows, width: columns, values: values.map((sum, i) => sum / counts[i]!) };
}

/** Where the field's middle is, `[vertical, horizontal]` as parts of its sides: the centre of the squared influence. */
export function fieldCentre({ height, width, values }: Grid): readonly [number, number] {
  let [total, y, x] = [0, 0, 0];
  for (const [i, value] of values.entries()) {
    total += value ** 2;
    y += value ** 2 * (Math.floor(i / width) + 0.5);
    x += value ** 2 * ((i % width) + 0.5);
  }
  return total === 0 ? [0.5, 0.5] : [y / total / height, x / total / width];
}

/** A PNG file; brightness goes with the square root, or all but the centre would be black. */
export function fieldPng({ height, width, values }: Grid): Promise<Uint8Array> {
  const area = height * width;
  const pixels = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    const colour = magma(Math.sqrt(Math.min(1, Math.max(0, values[i]!))));
    for (let c = 0; c < 3; c++) pixels[c * area + i] = colour[c]!;
  }
  return encodePng({ channels: 3, height, width, pixels });
}

function magma(part: number): readonly number[] {
  const place = part * (MAGMA.length - 1);
  const i = Math.min(Math.floor(place), MAGMA.length - 2);
  return MAGMA[i]!.map((value, c) => Math.round(value + (MAGMA[i + 1]![c]! - value) * (place - i)));
}
