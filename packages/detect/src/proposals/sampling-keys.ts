import { check, hash32, type TensorData, tensorData } from '@nats/graph';

/** Keys are whole numbers below this: exact in float32. */
export const KEY_LIMIT = 2 ** 24;

const MASK = KEY_LIMIT - 1;
const ROUNDS = 3;

/**
 * Random numbers to sample by: whoever has the largest keys is taken. In each row 0, 1, … are mapped by a bijection of
 * 0 to 2^24 - 1 that the seed chooses, so no two keys of a row are equal and a sample has exactly the wanted size.
 * @returns float32 `[rows, columns]`, a pure function of the seed
 * @throws NatsError `attribute` for more than 2^24 columns
 */
export function samplingKeys(rows: number, columns: number, seed: number): TensorData {
  check(columns <= KEY_LIMIT, 'attribute', () => ({
    rule: 'samples are drawn from at most 2^24 candidates, whose numbers float32 tells apart',
    received: String(columns),
    limit: String(KEY_LIMIT),
  }));
  const keys = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const own = hash32(seed, row);
    const offsets = Array.from({ length: ROUNDS }, (_, round) => hash32(own, 2 * round) & MASK);
    // Odd factors have an inverse modulo 2^24.
    const factors = Array.from({ length: ROUNDS }, (_, round) => hash32(own, 2 * round + 1) | 1);
    for (let column = 0; column < columns; column++) {
      let key = column;
      for (let round = 0; round < ROUNDS; round++) {
        key = Math.imul(key + offsets[round]!, factors[round]!) & MASK;
        key ^= key >>> 11;
      }
      keys[row * columns + column] = key;
    }
  }
  return tensorData('float32', [rows, columns], keys);
}
