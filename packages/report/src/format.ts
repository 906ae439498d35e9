const NONE = '–';
const MINUS = '\u2212';

/** A number with a real minus sign and thin spaces between thousands; a dash for what is no number. */
export function formatNumber(value: number | undefined, digits = 0): string {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  const [whole = '', fraction] = Math.abs(value).toFixed(digits).split('.');
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202F') : whole;
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && Number(value.toFixed(digits)) !== 0 ? `${MINUS}${text}` : text;
}

/** As `formatNumber`, with a plus sign for gains, and ±0 for none. */
export function formatDifference(value: number | undefined, digits = 0): string {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  if (Number(value.toFixed(digits)) === 0) return `±${(0).toFixed(digits)}`;
  return value > 0 ? `+${formatNumber(value, digits)}` : formatNumber(value, digits);
}

/** A part of 1 in percent, without the sign; a dash for the -1 that stands for "no objects". */
export function formatPercent(part: number | undefined, digits = 1): string {
  return part === undefined || part < 0 ? NONE : formatNumber(100 * part, digits);
}

/** `2×2`, vertical times horizontal. */
export function formatDilation([vertical, horizontal]: readonly [number, number]): string {
  return `${vertical}×${horizontal}`;
}

/** `1 image`, `300 images`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
