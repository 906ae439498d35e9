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

/** A part of an image, in pixels. */
export interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Of the squared influence that a part with margins must hold. */
const SHOWN = 0.999;

/**
 * The part around the middle in which something is to be seen, the same for all the given fields, so that they can be
 * compared. Whole images if they are not of one size.
 * @throws NatsError `shape` if a map is not of its size
 */
export function visiblePart(fields: readonly ReportField[]): Part {
  for (const { stage, height, width, map } of fields) {
    check(height > 0 && width > 0 && map.length === height * width, 'shape', () => ({
      rule: 'the map of a receptive field has height times width values',
      received: `${map.length} for ${height} x ${width}`,
      where: stage,
    }));
  }
  const { height, width } = fields[0]!;
  const whole = { top: 0, left: 0, height, width };
  if (fields.some((field) => field.height !== height || field.width !== width)) return whole;
  const [cy, cx] = fieldCenter(fieldGrid(fields[0]!, whole));
  const [y, x] = [Math.floor(cy * height), Math.floor(cx * width)];
  const reach = Math.ceil(1.15 * Math.max(...fields.map((field) => reachOf(field, y, x)))) + 1;
  const [top, left] = [Math.max(0, y - reach), Math.max(0, x - reach)];
  return {
    top,
    left,
    height: Math.min(height, y + reach + 1) - top,
    width: Math.min(width, x + reach + 1) - left,
  };
}

/** Half the side of the smallest square about y, x with almost all of the squared influence. */
function reachOf({ height, width, map }: ReportField, y: number, x: number): number {
  const rings = new Float64Array(Math.max(height, width) + 1);
  for (let i = 0; i < map.length; i++) {
    const ring = Math.max(Math.abs(Math.floor(i / width) - y), Math.abs((i % width) - x));
    if (Number.isFinite(map[i])) rings[ring]! += map[i]! ** 2;
  }
  const all = rings.reduce((a, b) => a + b, 0);
  let sum = 0;
  const reach = rings.findIndex((ring) => {
    sum += ring;
    return sum >= SHOWN * all;
  });
  return all === 0 ? rings.length : reach;
}

/** A part of a receptive field as numbers 0 to 1, at most 112 on a side. */
export function fieldGrid({ width: stride, map }: ReportField, { top, left, height, width }: Part): Grid {
  const each = Math.ceil(Math.max(height, width) / LARGEST_SIDE);
  const [rows, columns] = [Math.ceil(height / each), Math.ceil(width / each)];
  const values = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = Math.floor(y / each) * columns + Math.floor(x / each);
      const value = map[(top + y) * stride + left + x]!;
      values[to]! += Number.isFinite(value) ? value : 0;
      counts[to]!++;
    }
  }
  return { height: rows, width: columns, values: values.map((sum, i) => sum / counts[i]!) };
}

/** Where the field's middle is, `[vertical, horizontal]` as parts of its sides: the center of the squared influence. */
export function fieldCenter({ height, width, values }: Grid): readonly [number, number] {
  let [total, y, x] = [0, 0, 0];
  for (const [i, value] of values.entries()) {
    total += value ** 2;
    y += value ** 2 * (Math.floor(i / width) + 0.5);
    x += value ** 2 * ((i % width) + 0.5);
  }
  return total === 0 ? [0.5, 0.5] : [y / total / height, x / total / width];
}

/** A PNG file; brightness goes with the square root, or all but the center would be black. */
export function fieldPng({ height, width, values }: Grid): Promise<Uint8Array> {
  const area = height * width;
  const pixels = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    const color = magma(Math.sqrt(Math.min(1, Math.max(0, values[i]! || 0))));
    for (let c = 0; c < 3; c++) pixels[c * area + i] = color[c]!;
  }
  return encodePng({ channels: 3, height, width, pixels });
}

function magma(part: number): readonly number[] {
  const place = part * (MAGMA.length - 1);
  const i = Math.min(Math.floor(place), MAGMA.length - 2);
  return MAGMA[i]!.map((value, c) => Math.round(value + (MAGMA[i + 1]![c]! - value) * (place - i)));
}
