/** Adds items one by one: `push` with some 120,000 arguments overflows the stack. */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}
