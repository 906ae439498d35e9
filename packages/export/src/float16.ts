/** The largest finite float16; what is nearer to 65536 than to it becomes infinite. */
export const LARGEST_FLOAT16 = 65504;

const view = new DataView(new ArrayBuffer(4));

/**
 * The bits of the float16 (IEEE 754 binary16) that is nearest to a float32, ties to even: exact for NaN, infinities, both zeros
 * and denormals (below 2^-14, in steps of 2^-24).
 */
export function float16Bits(value: number): number {
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 lies halfway between the largest float16 and the next power of two, and 65536 is the even one.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // A carry out of the fraction increases the exponent, as it should.
  if (magnitude >= 0x38800000) return sign | ((roundedShift(magnitude, 13) - (112 << 10)) & 0x7fff);
  const shift = 126 - (magnitude >>> 23);
  return sign | (shift > 24 ? 0 : roundedShift((magnitude & 0x7fffff) | 0x800000, shift));
}

/** `value / 2^shift`, the nearest whole number, ties to even. */
function roundedShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const rest = value % (2 * half);
  const whole = Math.floor(value / (2 * half));
  return rest > half || (rest === half && whole % 2 === 1) ? whole + 1 : whole;
}

/** The number that the bits of a float16 stand for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
