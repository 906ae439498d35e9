/** A call that makes no sense: a flag, a config, a missing choice. The exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
