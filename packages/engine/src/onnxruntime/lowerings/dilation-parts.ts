import type { Pair } from '@nats/graph';

/**
 * A dilated convolution of stride s reads, through each tap, pixels of one phase (position mod s) only. So it is a sum of
 * convolutions without stride, one for each phase that it reads, over the pixels of that phase with the taps that read it.
 */
export interface Part {
  /** `[row, column]` mod stride of the pixels that it reads. */
  readonly phase: Pair;
  /** Taps of the whole kernel, by axis: `first`, `first + step`, … */
  readonly first: Pair;
  readonly step: Pair;
  /** How many taps, by axis. */
  readonly kernel: Pair;
  /** Distance of the taps, in pixels of the phase. */
  readonly dilation: Pair;
  /** How far before an output pixel's own position the first tap reads, in pixels of the phase; never negative. */
  readonly before: Pair;
  /** How far behind it the last tap reads; never negative. */
  readonly after: Pair;
}

type AxisPart = { readonly [K in keyof Part]: number };

/**
 * The parts of a convolution whose kernel is centered.
 * @param kernel odd sides
 * @param stride 1 or 2
 */
export function dilationParts(dilation: Pair, kernel: Pair, stride: 1 | 2): Part[] {
  const rows = axisParts(dilation[0], kernel[0], stride);
  const columns = axisParts(dilation[1], kernel[1], stride);
  return rows.flatMap((row) => columns.map((column) => pair(row, column)));
}

function axisParts(dilation: number, kernel: number, stride: 1 | 2): AxisPart[] {
  const taps = Array.from({ length: kernel }, (_, tap) => {
    const offset = dilation * (tap - (kernel - 1) / 2);
    const phase = ((offset % stride) + stride) % stride;
    return { tap, phase, shift: (offset - phase) / stride };
  });
  return [...new Set(taps.map(({ phase }) => phase))].sort().map((phase) => {
    const own = taps.filter((tap) => tap.phase === phase);
    const [first, second = first] = own as [(typeof own)[0], ...typeof own];
    return {
      phase,
      first: first.tap,
      step: Math.max(1, second.tap - first.tap),
      kernel: own.length,
      dilation: Math.max(1, second.shift - first.shift),
      before: -first.shift,
      after: own.at(-1)!.shift,
    };
  });
}

function pair(row: AxisPart, column: AxisPart): Part {
  const of = (key: keyof Part): Pair => [row[key], column[key]];
  return {
    phase: of('phase'),
    first: of('first'),
    step: of('step'),
    kernel: of('kernel'),
    dilation: of('dilation'),
    before: of('before'),
    after: of('after'),
  };
}

/** Taps of a part, as numbers in the whole kernel, row by row. */
export function tapsOf({ first, step, kernel }: Part, width: number): number[] {
  return Array.from({ length: kernel[0] * kernel[1] }, (_, i) => {
    const [y, x] = [Math.floor(i / kernel[1]), i % kernel[1]];
    return (first[0] + y * step[0]) * width + first[1] + x * step[1];
  });
}
