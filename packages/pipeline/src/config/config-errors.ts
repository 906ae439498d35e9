import { NatsError } from '@nats/graph';
import { UsageError } from '../usage-error.js';

/**
 * What a package makes of settings. Only packages know what fits together (groups and channels, stages and backbone): what
 * they refuse is said of the config's key, like what the schema refuses.
 * @throws UsageError for a NatsError; other errors pass through
 */
export function asConfigError<T>(key: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof NatsError) throw new UsageError(`${key}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** What a package says against settings; nothing if it takes them. */
export function refusal(make: () => unknown): string | undefined {
  try {
    make();
    return undefined;
  } catch (error) {
    if (error instanceof NatsError) return error.message;
    throw error;
  }
}
