import type { Engine, Executable, Program } from '@nats/graph';

/** Compiled programs of a training, each made once. */
export interface ProgramCache {
  /** Builds and compiles a program the first time that a key is asked for. */
  compile(key: string, build: () => Program): Promise<Executable>;
  dispose(): Promise<void>;
}

/** Compiled programs by key: making sessions is slow, and some engines never give back all of their memory. */
export function createProgramCache(engine: Engine): ProgramCache {
  const compiled = new Map<string, Promise<Executable>>();
  return {
    compile: (key, build) => {
      const known = compiled.get(key) ?? engine.compile(build());
      compiled.set(key, known);
      return known;
    },
    dispose: async () => {
      const executables = await Promise.all(compiled.values());
      compiled.clear();
      for (const executable of executables) await executable.dispose();
    },
  };
}
