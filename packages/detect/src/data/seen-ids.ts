/** V8 throws a RangeError at 2^24 entries of a Set; files with more annotations exist (Objects365 has 25 million boxes). */
const ENTRIES = 2 ** 23;

/** Ids that were met before, any number of them. @param entries of one Set */
export function createSeenIds<K>(entries = ENTRIES): { /** Whether it is new. */ add(id: K): boolean } {
  const sets = [new Set<K>()];
  return {
    add: (id) => {
      if (sets.some((ids) => ids.has(id))) return false;
      if (sets.at(-1)!.size >= entries) sets.push(new Set());
      sets.at(-1)!.add(id);
      return true;
    },
  };
}
