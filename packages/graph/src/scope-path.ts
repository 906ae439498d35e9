import { NatsError } from './errors.js';

/** Where in a network ops are being built right now: a stack, kept apart from `Scope` so that `op.ts` needs no scope. */
const stack: string[] = [];

export function currentScopePath(): string {
  return stack.at(-1) ?? '';
}

/** Runs `build` with `path` as the scope path of the ops it creates and of the errors it throws that name no place yet. */
export function withScopePath<T>(path: string, build: () => T): T {
  stack.push(path);
  try {
    return build();
  } catch (error) {
    if (!(error instanceof NatsError) || error.details.where !== undefined || path === '') throw error;
    throw new NatsError(error.code, { ...error.details, where: path }, { cause: error });
  } finally {
    stack.pop();
  }
}
