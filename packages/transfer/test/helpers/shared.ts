import { join } from 'node:path';

/**
 * A folder of large or foreign inputs that lies outside the repository, named by the environment variable NATS_SHARED;
 * undefined (the tests that need it are skipped) where it is not set.
 */
export function sharedFolder(...parts: readonly string[]): string | undefined {
  const root = process.env.NATS_SHARED;
  return root === undefined || root === '' ? undefined : join(root, ...parts);
}
