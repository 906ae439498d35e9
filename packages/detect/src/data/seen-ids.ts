/** V8 throws a RangeError at 2^24 entries of a Set; files with more annotations exist (Objects365 has 25 million boxes). */
const ENTRIES = 2 ** 23;
/** Whole numbers below are one bit each, 4 MB at most: tools count annotations from 0 or 1 on. */
const COUNTED = 2 ** 25;

/** Ids that were met before, any number of them. @param entries of one Set */
export function createSeenIds<K>(entries = ENTRIES): { /** Whether it is new. */ add(id: K): boolean } {
  const counted = createBitSet();
  const sets = [new Set<K>()];
  return {
    add: (id) => {
      if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < COUNTED) return counted.add(id);
      if (sets.some((ids) => ids.has(id))) return false;
      if (sets.at(-1)!.size >= entries) sets.push(new Set());
      sets.at(-1)!.add(id);
      return true;
    },
  };
}

function createBitSet(): { add(number: number): boolean } {
  let words = new Uint32Array(32);
  return {
    add: (number) => {
      const word = number >>> 5;
      const bit = 1 << (number & 31);
      if (word >= words.length) {
        const grown = new Uint32Array(2 ** Math.ceil(Math.log2(word + 1)));
        grown.set(words);
        words = grown;
      }
      if ((words[word]! & bit) !== 0) return false;
      words[word]! |= bit;
      return true;
    },
  };
}
