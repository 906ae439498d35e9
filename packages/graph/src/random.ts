/**
 * Numbers from integers: the same in every language and on every machine, and the n-th without those before it.
 * tools/golden/hashing.py holds the same two functions.
 */

/** A 32-bit hash of (seed, index): two rounds of a multiply-xorshift mixer (constants of C. Wellons' lowbias32). */
export function hash32(seed: number, index: number): number {
  return mix(mix((index + 0x9e3779b9) | 0) ^ Math.imul(seed, 0x85ebca6b)) >>> 0;
}

function mix(value: number): number {
  let x = value;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x;
}

/** A number in [0, 1) with 24 bits, exact in float32. */
export function hashUniform(seed: number, index: number): number {
  return (hash32(seed, index) >>> 8) / 2 ** 24;
}

/** Seed for a named thing: FNV-1a of its name, mixed with `seed`. */
export function seedOf(seed: number, name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return hash32(seed, h | 0);
}

/**
 * About normal with mean 0 and variance 1: the sum of 12 uniforms minus 6 (Irwin-Hall). Range ±6, and unlike
 * Box-Muller without log and cos, whose last bits differ between machines.
 */
export function hashNormal(seed: number, index: number): number {
  let sum = -6;
  for (let k = 0; k < 12; k++) sum += hashUniform(seed, index * 12 + k);
  return sum;
}
