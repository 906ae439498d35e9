import { hash32, hashUniform } from '@nats/graph';

export interface TextureOptions {
  readonly height: number;
  readonly width: number;
  /** Mean brightness, 0 to 1. */
  readonly base: number;
  /** Half the range of the smooth noise of all octaves together. */
  readonly amplitude: number;
  /** Half the range of the noise of single pixels. */
  readonly pixelNoise: number;
}

/** Cells of the coarsest noise grid along each side; each further octave has twice as many and half the amplitude. */
const COARSEST = 3;
const OCTAVES = 3;
/** Amplitudes 1, 1/2, 1/4 of their sum. */
const AMPLITUDE_SUM = 1.75;

/** A textured background, float32 `[H, W]`, about 0 to 1: three octaves of smooth noise and noise of single pixels. */
export function texture(seed: number, { height, width, base, amplitude, pixelNoise }: TextureOptions): Float32Array {
  const values = new Float32Array(height * width).fill(base);
  for (let octave = 0; octave < OCTAVES; octave++) {
    const share = amplitude / AMPLITUDE_SUM / 2 ** octave;
    addSmoothNoise(values, height, width, COARSEST << octave, share, hash32(seed, octave));
  }
  addPixelNoise(values, pixelNoise, hash32(seed, OCTAVES));
  return values;
}

/** One hash gives the noise of four pixels, a byte each. */
function addPixelNoise(values: Float32Array, amplitude: number, seed: number): void {
  const scale = (2 * amplitude) / 255;
  for (let i = 0; i < values.length; i += 4) {
    const bits = hash32(seed, i);
    for (let k = 0; k < 4 && i + k < values.length; k++) {
      values[i + k]! += ((bits >>> (8 * k)) & 255) * scale - amplitude;
    }
  }
}

/** Adds bilinear interpolation between random numbers on a grid of `cells` x `cells`. */
function addSmoothNoise(
  values: Float32Array,
  height: number,
  width: number,
  cells: number,
  amplitude: number,
  seed: number,
): void {
  const side = cells + 1;
  const grid = Float32Array.from({ length: side * side }, (_, i) => (2 * hashUniform(seed, i) - 1) * amplitude);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((x / width) * cells));
  const shares = Float32Array.from({ length: width }, (_, x) => (x / width) * cells - columns[x]!);
  const line = new Float32Array(side);
  for (let y = 0; y < height; y++) {
    const v = (y / height) * cells;
    const row = Math.floor(v);
    for (let k = 0; k < side; k++) {
      const at = row * side + k;
      line[k] = grid[at]! + (grid[at + side]! - grid[at]!) * (v - row);
    }
    for (let x = 0; x < width; x++) {
      const left = line[columns[x]!]!;
      values[y * width + x]! += left + (line[columns[x]! + 1]! - left) * shares[x]!;
    }
  }
}
