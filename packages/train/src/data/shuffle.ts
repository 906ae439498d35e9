import { hash32 } from '@nats/graph';

const ROUNDS = 6;

/**
 * Where a shuffle puts position `index` of `size`: a bijection of 0 … size - 1 for each seed, computed for one index
 * alone, so that a training finds its place in an epoch without its past. A Feistel network on the next power of four,
 * walked until it lands inside (Black and Rogaway 2002, "cycle walking").
 */
export function shuffled(size: number, seed: number, index: number): number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, size)) / 2));
  const mask = 2 ** half - 1;
  let value = index;
  do {
    let left = Math.floor(value / 2 ** half);
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      const mixed = left ^ (hash32(seed + round, right) & mask);
      left = right;
      right = mixed;
    }
    value = left * 2 ** half + right;
  } while (value >= size);
  return value;
}

/**
 * The example at a place in the endless sequence of epochs, each of them a shuffle of its own: place 0, 1, … of a split of
 * `size` examples. Batches may reach over the end of an epoch; every epoch has every example once.
 */
export function exampleAt(size: number, seed: number, place: number): number {
  const epoch = Math.floor(place / size);
  return shuffled(size, hash32(seed, epoch), place % size);
}
