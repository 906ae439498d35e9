import { disposedError } from '@nats/graph';

/** Accesses to one state, one after the other. */
export interface Turns {
  readonly alive: () => boolean;
  /** A run that has not finished reads and writes the same memory. @throws NatsError `disposed` */
  inTurn<T>(access: () => Promise<T>): Promise<T>;
  /** No access begins any more. @returns when the last one has ended */
  end(): Promise<void>;
}

export function createTurns(): Turns {
  let alive = true;
  let last: Promise<unknown> = Promise.resolve();
  return {
    alive: () => alive,
    inTurn: (access) => {
      const result = last.then(() => {
        if (!alive) throw disposedError('state');
        return access();
      });
      last = result.catch(() => undefined);
      return result;
    },
    end: async () => {
      alive = false;
      await last;
    },
  };
}
