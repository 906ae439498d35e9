/** Where in a network ops are being built right now: a stack, kept apart from `Scope` so that `op.ts` needs no scope. */
const stack: string[] = [];

export function currentScopePath(): string {
  return stack.at(-1) ?? '';
}

/** Runs `build` with `path` as the scope path of the ops it creates and of the errors it throws. */
export function withScopePath<T>(path: string, build: () => T): T {
  stack.push(path);
  try {
    return build();
  } finally {
    stack.pop();
  }
}
