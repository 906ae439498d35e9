import { median } from './bench.js';

/** What was measured of one library: values by quantity (`step`, `memory`, …), lower is better. */
export interface Measured {
  readonly library: string;
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/**
 * Medians of the first library's, ours, over those of each other one, by `QUANTITY-vs-LIBRARY/SUBJECT`; of several others also
 * over the best of them, quantity by quantity: `QUANTITY-vs-best/SUBJECT`.
 */
export function ratiosTo(subject: string, [ours, ...others]: readonly Measured[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const [quantity, values] of Object.entries(ours!.values)) {
    const found = others.map(({ values: theirs }) => median(values) / median(theirs[quantity]!));
    for (const [i, ratio] of found.entries()) ratios[`${quantity}-vs-${others[i]!.library}/${subject}`] = ratio;
    if (found.length > 1) ratios[`${quantity}-vs-best/${subject}`] = Math.max(...found);
  }
  return ratios;
}

/** Rows of a document's table, a library each: medians, and behind those of others how many times theirs ours is. */
export function libraryRows(
  subject: string,
  measured: readonly Measured[],
  quantities: readonly string[],
): (string | number)[][] {
  const [ours] = measured;
  return measured.map(({ library, values }, i) => [
    subject,
    library,
    ...quantities.map((quantity) => {
      const value = median(values[quantity]!);
      const text = value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
      return i === 0 ? text : `${text} (${(median(ours!.values[quantity]!) / value).toFixed(2)})`;
    }),
  ]);
}
