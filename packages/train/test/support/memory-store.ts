import type { Checkpoint, CheckpointStore } from '../../src/core.js';

/** Keeps checkpoints in memory, as a page does that has no files. */
export function memoryStore(): CheckpointStore {
  const kept = new Map<string, Checkpoint>();
  return {
    place: 'memory',
    placeOf: (name) => `${name} in memory`,
    has: async (name) => kept.has(name),
    load: async (name) => kept.get(name)!,
    save: async (names, checkpoint) => {
      for (const name of names) kept.set(name, checkpoint);
    },
  };
}
