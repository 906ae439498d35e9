/** Something that is used until it is disposed of. */
interface Disposable {
  dispose(): Promise<void>;
}

/** What an engine has made and nobody has disposed of yet, so that it can end with the engine. */
export interface ResourceScope {
  /** @returns the same, which is forgotten as soon as it is disposed of */
  add<T extends Disposable>(made: T): T;
  dispose(): Promise<void>;
}

export function createResourceScope(): ResourceScope {
  const all = new Set<Disposable>();
  return {
    add: (made) => {
      const known = {
        ...made,
        dispose: async () => {
          all.delete(known);
          await made.dispose();
        },
      };
      all.add(known);
      return known;
    },
    dispose: async () => {
      for (const one of [...all]) await one.dispose();
    },
  };
}
